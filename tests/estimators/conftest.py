"""A small network with dropout, and a reference of MC dropout: hooks on its modules, one whole pass per draw."""

from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.estimators.dropout.masks import keep_mask

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def convolutional(p=0.4):
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(p / 2)),
        *(nn.Conv2d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(p), nn.Linear(80, 6), nn.Dropout(p), nn.Linear(6, 3)),
    )


@pytest.fixture
def network():
    return convolutional()


@pytest.fixture
def images():
    return torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@contextmanager
def masked(network, draw, seed, keys=None):
    """The reference: hooks that put one draw's masks on what goes into dropout modules, which do nothing themselves."""
    acting = 0

    def hook(module, args, output):
        nonlocal acting
        x, p = args[0], module.p
        channels = isinstance(module, nn.Dropout) or x.shape[2:]
        shape = x.shape[1:] if isinstance(module, nn.Dropout) else (x.shape[1], *[1 for _ in channels])
        mask = keep_mask(
            torch.zeros(1, dtype=torch.int64) if keys is None else keys,
            torch.tensor([draw]),
            seed=seed,
            layer=acting,
            elements=torch.Size(shape).numel(),
            drop=p,
        )
        acting += 1
        return x * mask[0].reshape(-1, *shape) / (1 - p)

    handles = [module.register_forward_hook(hook) for module in network.modules() if isinstance(module, DROPOUTS)]
    yield
    for handle in handles:
        handle.remove()


def reference(network, images, draws, seed=0, keys=None):
    network.eval()
    passes = []
    for draw in range(draws):
        with masked(network, draw, seed, keys):
            passes.append(network(images).double().log_softmax(-1))
    return torch.stack(passes)


class Functional(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call, self.first, self.last = call, nn.Linear(64, 10), nn.Linear(10, 3)

    def forward(self, x):
        return self.last(self.call(F.relu(self.first(x.flatten(1))), self))
