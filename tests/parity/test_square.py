"""Square against torchattacks': other random numbers, so that only how often labels change can agree.

On a CIFAR-10 network: `python benchmarks/square.py labels`.
"""

import torch
from torch import nn

from feint.attacks import Budget, Square
from feint.attacks import label_objectives as goals
from feint.estimators import Softmax

from .conftest import outside

torchattacks = outside("torchattacks")

COUNT, QUERIES, RADIUS, SEEDS = 400, 60, 0.05, 5


def test_labels_change_as_often():
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.SiLU(), nn.Conv2d(6, 8, 3, stride=2), nn.SiLU(), nn.Flatten())
    network.append(nn.Linear(72, 5)).requires_grad_(False).eval()
    for parameter in network.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3)
    images = (1.4 * torch.rand(COUNT, 3, 9, 9, generator=generator) - 0.2).clamp(0, 1)
    estimator = Softmax(network)
    own = estimator(images).prediction

    def changed(points):
        return (estimator(points).prediction != own).double().mean().item()

    objective = goals.margin(lambda inputs, rows: estimator(inputs), own)
    ours, theirs = 0.0, 0.0
    for seed in range(SEEDS):
        ours += changed(Square(QUERIES, seed=seed)(objective, images, Budget(RADIUS)).inputs) / SEEDS
        attack = torchattacks.Square(network, norm="Linf", eps=RADIUS, n_queries=QUERIES, seed=seed)
        theirs += changed(attack(images, own)) / SEEDS
    print(f"labels changed: ours {ours:.3f}, torchattacks {theirs:.3f}")
    assert 0.1 < theirs < 0.9
    # A batch of theirs shares its squares, which scatters: a standard deviation of about 0.02 for each seed.
    assert abs(ours - theirs) < 0.03
