import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.errors import InputError, NetworkError
from feint.estimators.spectral import SpectralBound


def dense(layer, size):
    """The layer's linear operator as a matrix, column by column."""
    basis = torch.eye(torch.Size(size).numel(), dtype=torch.float64).view(-1, *size)
    weight = layer.weight.detach().double()
    if isinstance(layer, nn.Linear):
        return F.linear(basis, weight).flatten(1).T
    images = F.conv2d(basis, weight, None, layer.stride, layer.padding, layer.dilation, layer.groups)
    return images.flatten(1).T


def norm(layer, size):
    return float(torch.linalg.matrix_norm(dense(layer, size), 2))


LAYERS = {
    "linear": (lambda: nn.Linear(30, 20), (30,)),
    "square": (lambda: nn.Conv2d(3, 5, 3, padding=1), (3, 8, 8)),
    "no padding": (lambda: nn.Conv2d(2, 6, 5), (2, 9, 7)),
    "strided": (lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1), (3, 8, 9)),
    "same": (lambda: nn.Conv2d(2, 4, 3, padding="same"), (2, 6, 6)),
    "dilated groups": (lambda: nn.Conv2d(4, 8, 3, dilation=2, groups=2, bias=False), (4, 8, 8)),
    "one by one": (lambda: nn.Conv2d(6, 3, 1), (6, 5, 5)),
}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("seed", range(3))
def test_norms_are_those_of_the_dense_operator(kind, seed):
    torch.manual_seed(seed)
    build, size = LAYERS[kind]
    layer = build()
    bound = SpectralBound(nn.Sequential(layer), size, coefficient=1e-3)
    before, weight = norm(layer, size), layer.weight.clone()
    assert bound.norms() == [pytest.approx(before, rel=0.01)]
    assert torch.equal(layer.weight, weight)
    bound.settle()
    assert norm(layer, size) == pytest.approx(1e-3, rel=0.01)
    torch.testing.assert_close(layer.weight / layer.weight.norm(), weight / weight.norm())


def test_the_flattened_kernel_would_bound_nothing():
    layer = nn.Conv2d(1, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    (found,) = SpectralBound(nn.Sequential(layer), (1, 16, 16), coefficient=1.0).norms()
    assert found == pytest.approx(norm(layer, (1, 16, 16)), rel=0.01)
    assert found > 2.5 * float(layer.weight.detach().norm())


def test_what_is_within_the_bound_stays():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2))
    before = [parameter.clone() for parameter in network.parameters()]
    bound = SpectralBound(network, (6,), coefficient=100.0)
    bound.settle()
    bound.step()
    assert all(torch.equal(now, then) for now, then in zip(network.parameters(), before, strict=True))


def test_steps_keep_up_with_weights_that_move():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    bound = SpectralBound(network, (2, 6, 6), coefficient=0.7)
    bound.settle()
    for _ in range(200):
        with torch.no_grad():
            for layer in (network[0], network[3]):
                layer.weight.add_(0.01 * torch.randn_like(layer.weight))
        bound.step()
    assert norm(network[0], (2, 6, 6)) < 0.7 * 1.1
    assert norm(network[3], (4 * 36,)) < 0.7 * 1.1
    bound.settle()
    assert norm(network[0], (2, 6, 6)) < 0.7 * 1.01
    assert norm(network[3], (4 * 36,)) < 0.7 * 1.01


def test_batch_normalisation_counts_by_what_it_multiplies_with():
    network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([1.0, -3.0, 0.5]))
    network[1].running_var.copy_(torch.tensor([1.0, 4.0, 0.01]))
    SpectralBound(network, (2, 4, 4), coefficient=2.0).settle()
    assert network[1].weight.tolist() == [1.0, -3.0, 0.5]
    SpectralBound(network, (2, 4, 4), coefficient=2.0, batch_norm=True).settle()
    reached = network[1].weight.detach().abs() / (network[1].running_var + network[1].eps).sqrt()
    assert float(reached.amax()) == pytest.approx(2.0)
    torch.testing.assert_close(network[1].weight / network[1].weight[0], torch.tensor([1.0, -3.0, 0.5]))


def test_a_layer_used_twice_is_bounded_at_its_larger_input():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x):
            return self.layer(F.avg_pool2d(self.layer(x), 2))

    torch.manual_seed(0)
    network = Twice()
    SpectralBound(network, (1, 12, 12), coefficient=0.2).settle()
    assert norm(network.layer, (1, 12, 12)) == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Conv1d(1, 2, 1)), "expected weights in Linear and Conv2d layers, got Conv1d"),
        (nn.Sequential(nn.Embedding(4, 4)), "expected weights in Linear and Conv2d layers, got Embedding"),
        (nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular")), "pads with zeros, got 'circular'"),
    ],
)
def test_what_cannot_be_bounded_is_refused(network, message):
    with pytest.raises(NetworkError, match=message):
        SpectralBound(network, (1, 4, 4), coefficient=1.0)


@pytest.mark.parametrize("coefficient", [0.0, -1.0, float("inf"), float("nan")])
def test_the_coefficient_is_a_number_above_zero(coefficient):
    with pytest.raises(InputError, match="coefficient: expected a finite number above 0"):
        SpectralBound(nn.Linear(2, 2), (2,), coefficient)
