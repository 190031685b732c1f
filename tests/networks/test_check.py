import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.networks import DigitNetwork, Normalize, check


class Returns(nn.Module):
    def __init__(self, value) -> None:
        super().__init__()
        self.value = value

    def forward(self, images):
        return self.value(images)


def refused(network: nn.Module, shape: tuple[int, int, int]) -> str:
    with pytest.raises(NetworkError) as caught:
        check(network, shape)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("classes", [2, 10])
def test_counts_classes(classes):
    assert check(DigitNetwork(classes), (1, 8, 8)) == classes


def test_names_the_channels_expected():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    message = refused(network, (1, 28, 28))
    assert "images of 1x28x28 (channels x height x width)" in message
    assert "its first convolution expects 3 channels" in message
    assert "expected input[2, 1, 28, 28] to have 3 channels" in message


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_names_the_type_of_the_weights(dtype):
    convolution = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    for network in (convolution, nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), DigitNetwork()):
        message = refused(network.to(dtype), (1, 8, 8))
        assert message == (
            f"the network expects {str(dtype)[6:]} inputs, as its weights are; images are float32: call .float() on it"
        )
        assert check(network.float(), (1, 8, 8)) == (10 if isinstance(network, DigitNetwork) else 2)


def test_names_the_channels_of_a_normalisation():
    network = nn.Sequential(Normalize([0.5] * 3, [0.5] * 3), nn.Conv2d(3, 4, 3))
    assert "Normalize expects images of 3 channels, got images of 1" in refused(network, (1, 28, 28))


def test_refuses_a_size_that_does_not_fit():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    assert "does not take images of 1x9x8" in refused(network, (1, 9, 8))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda x: {"logits": x}, "returned dict, expected a tensor"),
        (lambda x: torch.ones(len(x), 3, dtype=torch.int64), "returned torch.int64, expected a float tensor"),
        (lambda x: torch.ones(len(x)), "returned shape (2,) for 2 images"),
        (lambda x: torch.ones(len(x), 1), "returned shape (2, 1)"),
        (lambda x: torch.ones(1, 3), "returned shape (1, 3)"),
        (lambda x: torch.ones(len(x), 3, 1, 1), "returned shape (2, 3, 1, 1)"),
        (lambda x: torch.full((len(x), 3), torch.nan), "returned 6 of 6 logits that are not finite"),
    ],
)
def test_refuses_what_are_no_logits(value, expected):
    message = refused(Returns(value), (1, 4, 4))
    assert expected in message
    assert "finite" in message or "(N, C) logits, C >= 2" in message


def fails(images):
    raise RuntimeError("this one\nfails")


@pytest.mark.parametrize("value", [lambda x: torch.ones(len(x), 2), fails])
def test_leaves_the_network_as_it_was(value):
    """In train mode it would count the images into its running statistics; and what it flips itself is put back."""

    def meddles(images):
        assert not any(module.training for module in network.modules())
        network[1].train()
        network.requires_grad_(True)
        return value(images)

    network = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout().eval(), Returns(meddles))
    network[0].weight.requires_grad = False
    modes = [module.training for module in network.modules()]
    state = {name: entry.clone() for name, entry in network.state_dict().items()}
    if value is fails:
        assert refused(network, (1, 4, 4)).endswith(": this one")
    else:
        check(network, (1, 4, 4))
    assert [module.training for module in network.modules()] == modes == [True, True, False, True]
    assert [parameter.requires_grad for parameter in network.parameters()] == [False, True]
    assert all(torch.equal(state[name], entry) for name, entry in network.state_dict().items())
