"""One sign step against foolbox and torchattacks: ACE without a condition raises the cross-entropy of given labels."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.attacks import ACE, Budget
from feint.attacks.goal import Goal
from feint.estimators import frozen

from .conftest import outside

foolbox, torchattacks = outside("foolbox"), outside("torchattacks")

RADII = [1e-3, 8 / 255, 0.3]


@pytest.fixture(scope="module")
def victim():
    torch.manual_seed(0)
    network = nn.Sequential(
        *(
            nn.Conv2d(3, 6, 3),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 4, 3),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(64, 5),
        )
    )
    images = torch.rand(30, 3, 8, 8, dtype=torch.float64)
    images[:5] = images[:5].round()  # pixels at the bounds, where steps are clipped
    return network.double().eval(), images, torch.randint(5, (30,))


def ours(victim, radius):
    network, images, labels = victim

    def loss(inputs, rows):
        with frozen(network):
            return F.cross_entropy(network(inputs), labels[rows], reduction="none")

    return ACE()(Goal(loss), images, Budget(radius), batch_size=8).inputs


@pytest.mark.parametrize("radius", RADII)
def test_foolbox(victim, radius):
    network, images, labels = victim
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    _, theirs, _ = attack(model, images, labels, epsilons=radius)
    torch.testing.assert_close(ours(victim, radius), theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("radius", RADII)
def test_torchattacks(victim, radius):
    network, images, labels = victim
    theirs = torchattacks.FGSM(network, eps=radius)(images, labels)
    torch.testing.assert_close(ours(victim, radius), theirs, rtol=0, atol=1e-6)
