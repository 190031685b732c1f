import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.networks import ARCHITECTURES, Headless

SHAPES = {"digits": (1, 8, 8), "alexnet": (3, 64, 64), "cifar": (3, 32, 32)}


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "alexnet"])
def test_features_are_what_the_last_layer_saw(name):
    torch.manual_seed(0)
    network = ARCHITECTURES[name][0]().eval()
    images = torch.rand(2, *SHAPES.get(name.split("-")[0], (1, 28, 28)))
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    seen = []
    last.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    headless = Headless(network)
    logits = network(images)
    assert torch.equal(headless(images), seen[0])
    assert seen[0].shape == (2, headless.width)
    torch.testing.assert_close(last(headless(images)), logits)


def test_the_network_is_left_alone():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    headless = Headless(network)
    with torch.no_grad():
        headless.network[1].weight.zero_()
    assert isinstance(network[3], nn.Linear)
    assert network[1].weight.abs().sum() > 0


def test_networks_that_end_otherwise_are_refused():
    with pytest.raises(NetworkError, match="expected a network that ends with a linear layer, got Sequential"):
        Headless(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))
    inside = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Unflatten(1, (3, 1, 1)), nn.Conv2d(3, 2, 1), nn.Flatten())
    with pytest.raises(NetworkError, match=r"\(5, 4\) without it, got \(5, 2\) from Sequential"):
        Headless(inside)(torch.rand(5, 3, 1, 1))
