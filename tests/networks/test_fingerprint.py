import copy

import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.networks import Normalize, fingerprint


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(Normalize([0.5], [0.5]), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_is_the_same_for_the_same():
    one = network()
    digest = fingerprint(one)
    assert len(digest) == 64
    assert digest == fingerprint(network()) == fingerprint(copy.deepcopy(one).eval())
    assert digest == fingerprint(one.to(memory_format=torch.channels_last))


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n[1].weight.data.view(-1)[0].add_(1e-6),
        lambda n: n[2].running_mean.add_(1),
        lambda n: n[0].mean.add_(1e-6),
        lambda n: n.double(),
        lambda n: n.append(nn.ReLU()),
    ],
)
def test_differs_where_something_does(change):
    one = network()
    change(one)
    assert fingerprint(one) != fingerprint(network())


def test_does_not_know_addresses_in_memory():
    class Printed(nn.Module):
        def extra_repr(self):
            return f"{(lambda: 0)}"

    assert fingerprint(Printed()) == fingerprint(Printed())


def test_normalisation():
    normalize = Normalize((0.5, 0.25), (0.5, 0.25))
    assert normalize(torch.ones(1, 2, 1, 1)).flatten().tolist() == [1, 3]
    assert not normalize.state_dict()
    assert repr(normalize) == "Normalize(mean=(0.5, 0.25), std=(0.5, 0.25))"
    with pytest.raises(NetworkError, match="expects images of 2 channels, got images of 1"):
        normalize(torch.ones(1, 1, 1, 1))
    for mean, std in (((0.5,), (0.5, 0.5)), ((0.5,), (0.0,)), ((), ())):
        with pytest.raises(NetworkError, match="one mean and one positive std"):
            Normalize(mean, std)
