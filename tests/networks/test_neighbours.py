import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.networks import ARCHITECTURES, DigitNetwork, depends_on_neighbours
from feint.networks.neighbours import Dependence


class Calls(nn.Module):
    def __init__(self, inner, function):
        super().__init__()
        self.inner, self.function = inner, function

    def forward(self, images):
        return self.function(self.inner(images))


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))


def batchy():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten(), nn.Linear(144, 3)
    )


@pytest.mark.parametrize("name", ["digits", "lenet", "cnn-dropout", "mnist-cnn"])
def test_built_in_networks_answer_for_each_image(name):
    shape = (1, 8, 8) if name == "digits" else (1, 28, 28)
    assert depends_on_neighbours(ARCHITECTURES[name][0]().train(), shape) is None


def test_what_is_not_finite_is_neither_noise_nor_of_the_neighbours():
    for value in (float("nan"), float("-inf")):
        masked = Calls(linear(), lambda found, value=value: found.index_fill(1, torch.tensor([2]), value))
        assert depends_on_neighbours(masked, (1, 8, 8)) is None
        now = Calls(linear(), lambda found, value=value: found.where(torch.rand_like(found) < 0.5, value))
        assert depends_on_neighbours(now, (1, 8, 8)).on == "noise"


@pytest.mark.parametrize("of", [torch.amax, torch.amin, torch.mean, torch.std])
def test_any_statistic_of_a_batch_is_seen(of):
    class Scaled(nn.Module):
        def forward(self, images):
            return (images - of(images)).flatten(1)

    assert depends_on_neighbours(Scaled(), (1, 8, 8)).on == "neighbours"


def test_statistics_of_the_batch():
    found = depends_on_neighbours(batchy(), (1, 8, 8))
    assert found == Dependence("neighbours", "1 (BatchNorm2d)")
    assert "other images are in its batch, from its layer 1 (BatchNorm2d) on" in str(found)


def test_noise():
    always = nn.Sequential(nn.Flatten(), Calls(nn.Identity(), lambda x: F.dropout(x, 0.5)), nn.Linear(64, 4))
    found = depends_on_neighbours(always, (1, 8, 8))
    assert found == Dependence("noise", None)
    assert "draws noise of its own" in str(found)
    noisy = Calls(linear(), lambda logits: logits + 0.1 * torch.randn_like(logits))
    assert depends_on_neighbours(noisy, (1, 8, 8)) == Dependence("noise", None)


class Noise(nn.Module):
    def forward(self, images):
        return images + 0.1 * torch.rand_like(images)


def test_noise_by_the_name_of_its_layer():
    found = depends_on_neighbours(nn.Sequential(Noise(), linear()), (1, 8, 8))
    assert found == Dependence("noise", "0 (Noise)")


@pytest.mark.parametrize(
    "function", [lambda x: x - x.mean(0), lambda x: x / x.abs().max(), lambda x: x + x.flip(0), lambda x: x.sort(0)[0]]
)
def test_a_function_of_the_batch(function):
    assert depends_on_neighbours(Calls(linear(), function), (1, 8, 8)) == Dependence("neighbours", None)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_size_of_the_logits_is_no_matter(scale):
    assert depends_on_neighbours(Calls(DigitNetwork(), lambda x: scale * x), (1, 8, 8)) is None
    assert depends_on_neighbours(Calls(batchy(), lambda x: scale * x), (1, 8, 8)) is not None


def test_networks_and_randomness_are_left_as_found():
    network = batchy().train()
    network[0].requires_grad_(False)
    state, weights = torch.random.get_rng_state(), {name: x.clone() for name, x in network.state_dict().items()}
    assert depends_on_neighbours(Calls(network, lambda x: x + torch.rand_like(x)), (1, 8, 8)) is not None
    assert torch.equal(torch.random.get_rng_state(), state)
    assert network.training
    assert [parameter.requires_grad for parameter in network.parameters()] == [False, False, True, True, True, True]
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_networks_that_change_their_input():
    assert depends_on_neighbours(Calls(linear(), lambda x: x), (1, 8, 8)) is None
    in_place = nn.Sequential(Calls(nn.Identity(), lambda x: x.sub_(0.5)), linear())
    assert depends_on_neighbours(in_place, (1, 8, 8)) is None
