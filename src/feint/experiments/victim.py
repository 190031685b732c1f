"""The classifier that an experiment is about: the user's network, or the embedded one."""

from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from feint import data, networks, training
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import Softmax
from feint.experiments.spec import DataSpec, NetworkSpec
from feint.protocols import Estimator

DIGIT_RECIPE = training.Recipe(epochs=20, batch_size=50, learning_rate=2e-3)
"""How the embedded digit network is trained: seconds on any machine."""


@final
@dataclass(frozen=True)
class Victim:
    """A classifier, ready to predict.

    Attributes:
        name: what the user called it.
        estimator: what predicts.
        classes: C, the number of classes.
        fingerprint: identifies its weights.
    """

    name: str
    estimator: Estimator
    classes: int
    fingerprint: str


def load_data(spec: DataSpec) -> Dataset:
    """The images of a specification.

    Raises:
        DataError: they cannot be read.
    """
    dataset = data.load(spec.source, split=spec.split, resize=spec.resize, crop=spec.crop, on_error=spec.on_error)
    return dataset if spec.limit is None else dataset.take(0, spec.limit)


def load_victim(spec: NetworkSpec | None, dataset: Dataset, *, seed: int, device: str, progress: bool) -> Victim:
    """The victim of a specification, on its device, checked against the images that it will see.

    Raises:
        NetworkError: it cannot be loaded, or does not map such images to logits.
        SpecError: no network was named and the data are not the embedded digits.
    """
    if spec is None:
        if dataset.name != "digits":
            raise SpecError(
                f"expected a network for {dataset.name}: name one with --network, e.g. path/to/file.py:function"
            )
        name, network = "the embedded digit network", trained_digit_network(seed=seed, progress=progress)
    else:
        name, network = spec.name, networks.load(spec.name, spec.weights)
    network = network.to(torch.device(device))
    classes = networks.check(network, dataset.shape, device=torch.device(device))
    return Victim(name, Softmax(network), classes, networks.fingerprint(network))


def trained_digit_network(*, seed: int, progress: bool) -> nn.Module:
    """A small network trained on scikit-learn's digits, the same for the same seed."""
    with training.seeded(seed):
        network = networks.DigitNetwork()
    training.fit(network, data.load("digits", split="train"), recipe=DIGIT_RECIPE, seed=seed, progress=progress)
    return network
