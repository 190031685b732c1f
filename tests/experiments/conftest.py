"""A linear classifier of two classes, about which everything is known."""

import csv
import io

import numpy as np
import pytest

LINEAR = """
import torch
from torch import nn


def build():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[0.0] * 4, [8.0, -8.0, 8.0, 8.0]]))
        network[1].bias.copy_(torch.tensor([0.0, -8.0]))
    return network
"""
WEIGHTS = np.array([8.0, -8.0, 8.0, 8.0])


def margins(images):
    """The logit of class 1 less that of class 0; a radius r moves it by 32 r where nothing is clipped."""
    return images.reshape(len(images), 4) @ WEIGHTS - 8


@pytest.fixture(scope="module", autouse=True)
def _as_shipped(whole_runs):
    """What is run here is run from end to end."""


@pytest.fixture(scope="session")
def drawn():
    """The rows that a panel of a figure draws."""
    return lambda panel: list(csv.DictReader(io.StringIO(panel.chart["data"]["values"])))


def made(folder):
    (folder / "linear.py").write_text(LINEAR)
    images = np.random.default_rng(0).uniform(0.25, 0.75, (20, 2, 2, 1)).astype(np.float32)
    labels = (margins(images) > 0).astype(np.int64)
    labels[::5] = 1 - labels[::5]
    np.savez(folder / "images.npz", images=images, labels=labels)
    return {"name": f"{folder / 'linear.py'}:build"}, folder / "images.npz"


@pytest.fixture
def linear(tmp_path):
    """The network as settings, and 20 images of 2x2 pixels from 0.25 to 0.75, every fifth label wrong."""
    return made(tmp_path)


@pytest.fixture(scope="session")
def linear_of_all(tmp_path_factory):
    """The same for many tests, which leave it as it is."""
    return made(tmp_path_factory.mktemp("linear"))


class Small:
    """24 images of 8x8 pixels and three classes, and networks for them by name."""

    def __init__(self, folder):
        self.folder, self.data = folder, str(folder / "images.npz")

    def network(self, name):
        return f"{self.folder / 'networks.py'}:{name}"


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Images and networks that tests leave as they are."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "networks.py").write_text(NETWORKS)
    drawn = np.random.default_rng(0)
    images = drawn.integers(0, 256, (24, 8, 8), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images, labels=drawn.integers(0, 3, 24))
    return Small(folder)


NETWORKS = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, dropout=0.0, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3))
            self.layers = nn.Sequential(*layers)

    def forward(self, images):
        return 4 * self.layers(images - 0.5)


def build():
    return Small()


def other():
    return Small(seed=1)


def third():
    return Small(seed=2)


def dropout():
    return Small(dropout=0.5)


def dropout_other():
    return Small(dropout=0.5, seed=1)
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with an autoencoder and two small victims for 60 digits: "plain", and "pair", two dropout networks."""
    from feint.experiments.training import TRAINING, TrainingSettings
    from feint.runs.runners import local

    root = tmp_path_factory.mktemp("victims")
    (root / "small.py").write_text(SMALL)
    network = f"{root / 'small.py'}:build"
    dropout = {"members": 2, "estimator": "mc-dropout:draws=4"}
    for own in ({"name": "plain"}, {"name": "pair", **dropout}, {"name": "vae", "network": "vae"}):
        settings = TrainingSettings.parse(
            {
                "network": network,
                "data": {"split": "train", "first": 60},
                "test": {"first": 60},
                "recipe": {"epochs": 2, "training_batch": 20, "validation_share": 0.0},
                "threads": 1,
                **own,
            }
        )
        local.run(TRAINING, settings, root / "runs", victims=root, progress=False)
    return root


SMALL = """
from torch import nn


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Dropout(0.5), nn.ReLU(), nn.Linear(16, 10))
"""
