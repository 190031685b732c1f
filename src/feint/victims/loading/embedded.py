"""The embedded victim: a small network trained on scikit-learn's digits, in seconds on any machine."""

from dataclasses import asdict
from typing import Any, Final

from torch import nn

from feint import data, networks, training

RECIPE: Final = training.Recipe(epochs=12, batch_size=50, learning_rate=2e-3)


def trained_digit_network(*, seed: int, progress: bool) -> nn.Module:
    """The network, the same for the same seed."""
    with training.seeded(seed):
        network = networks.DigitNetwork()
    training.fit(network, data.load("digits", split="train"), recipe=RECIPE, seed=seed, progress=progress)
    return network


def identity(seed: int) -> dict[str, Any]:
    """What determines its weights: a run that is there already is read without training it again."""
    return {"recipe": asdict(RECIPE), "seed": seed, "trained on": data.load("digits", split="train").fingerprint()}
