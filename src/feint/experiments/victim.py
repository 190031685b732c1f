"""The classifier that an experiment is about: the user's networks, a trained victim, or the embedded one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from feint import data, networks, training
from feint.data import Batch, Dataset
from feint.errors import DataError, NetworkError, SpecError
from feint.estimators import DeepEnsemble, MCDropout, Softmax
from feint.experiments.spec import DataSpec, NetworkSpec, VictimSpec
from feint.protocols import Estimator

DIGIT_RECIPE = training.Recipe(epochs=12, batch_size=50, learning_rate=2e-3)
"""How the embedded digit network is trained: seconds on any machine."""


@final
@dataclass(frozen=True, eq=False)
class Victim:
    """A classifier, ready to predict.

    Attributes:
        spec: what it was made from.
        members: its networks, on their device.
        classes: C, the number of classes.
        seed: of its draws.
        shape: of the images that it sees: channels, height, width.
        device: where its networks are.
    """

    spec: VictimSpec
    members: Sequence[nn.Module]
    classes: int
    seed: int
    shape: tuple[int, int, int]
    device: str

    @property
    def name(self) -> str:
        """What to call it."""
        return self.spec.title

    def estimator(self, redraw: int = 0) -> Estimator:
        """What predicts; with another `redraw` a stochastic victim draws afresh."""
        return build_estimator(self.spec, self.members, seed=self.seed + redraw)

    def check_labels(self, batch: Batch) -> None:
        """Raise a DataError for a label that it does not have."""
        strange = (batch.targets < 0) | (batch.targets >= self.classes)
        if strange.any():
            first = int(strange.nonzero()[0])
            raise DataError(
                f"labels: expected 0 to {self.classes - 1}, for {self.name} has {self.classes} classes; "
                f"got {int(batch.targets[first])} for sample {int(batch.samples[first])}"
            )

    def fingerprint(self) -> str:
        """Identifies what all members are and do."""
        return identity_of(self.members, self.shape, self.device)


def identity_of(members: Sequence[nn.Module], shape: tuple[int, int, int], device: str) -> str:
    """A digest of networks' weights and of what they do with images: an edited ``forward`` is another run."""
    parts = [networks.fingerprint(member) + networks.behaviour(member, shape, device) for member in members]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def build_estimator(spec: VictimSpec, members: Sequence[nn.Module], *, seed: int) -> Estimator:
    """Turn networks into the estimator of a specification."""
    estimators: list[Estimator] = [
        # Each member has masks of its own: seeds of members lie further apart than redraws do.
        MCDropout(member, spec.draws, seed + (index << 32), spec.masks)
        if spec.estimator == "mc-dropout"
        else Softmax(member, spec.temperature)
        for index, member in enumerate(members)
    ]
    return estimators[0] if len(estimators) == 1 else DeepEnsemble(estimators, spec.average)


def load_data(spec: DataSpec) -> Dataset:
    """The images of a specification.

    Raises:
        DataError: they cannot be read.
    """
    dataset = data.load(spec.source, split=spec.split, resize=spec.resize, crop=spec.crop, on_error=spec.on_error)
    return dataset if spec.limit is None else dataset.take(0, spec.limit)


def load_network(spec: NetworkSpec) -> nn.Module:
    """One network, with its weights.

    Raises:
        NetworkError: it cannot be loaded.
        SpecError: a built-in architecture without weights, or arguments that it does not take.
    """
    if spec.name not in networks.ARCHITECTURES:
        if spec.arguments:
            raise SpecError(f"arguments: expected a built-in architecture for {spec.arguments}, got {spec.name}")
        return networks.load(spec.name, spec.weights)
    if spec.weights is None:
        raise SpecError(f"{spec.name}: expected weights for a built-in architecture, got none (feint train makes some)")
    if not spec.arguments:
        return networks.load(spec.name, spec.weights)
    network = new_network(spec.name, spec.arguments)
    networks.load_weights(network, spec.weights)
    return network


def new_network(name: str, arguments: dict[str, int | float]) -> nn.Module:
    """A network of a built-in architecture, or a user's, as it comes: with random weights where nothing sets them.

    Raises:
        SpecError: arguments that the architecture does not take.
    """
    if name not in networks.ARCHITECTURES:
        return networks.load(name)
    try:
        return networks.ARCHITECTURES[name][0](**arguments)
    except TypeError as error:
        raise SpecError(f"{name} does not take these arguments: {arguments} ({error})") from error


def load_victim(spec: VictimSpec, dataset: Dataset, *, seed: int, device: str, progress: bool) -> Victim:
    """The victim of a specification, on its device, checked against the images that it will see.

    Raises:
        NetworkError: a network cannot be loaded, or does not map such images to logits of the same classes.
        SpecError: no network was named and the data are not the embedded digits.
    """
    if spec.networks:
        members = load_members(spec.networks, dataset, device=device)
    elif dataset.name == "digits":
        members = [trained_digit_network(seed=seed, progress=progress).to(torch.device(device))]
    else:
        raise SpecError(f"network: expected one for {dataset.name}, such as path/to/file.py:function; got none")
    classes = networks.check(members[0], dataset.shape, device=device)
    return Victim(spec, members, classes, seed, dataset.shape, device)


def load_members(
    specs: Sequence[NetworkSpec], dataset: Dataset, *, device: str, classes: int | None = None
) -> list[nn.Module]:
    """Networks on their device, checked against the images that they will see.

    Args:
        specs: which networks.
        dataset: the images.
        device: where they run.
        classes: how many classes they must have; None for as many as the first.

    Raises:
        NetworkError: one cannot be loaded, or does not map such images to logits of so many classes.
    """
    members = [load_network(spec).to(torch.device(device)) for spec in specs]
    found = [networks.check(member, dataset.shape, device=device) for member in members]
    expected = classes or found[0]
    for spec, count in zip(specs, found, strict=True):
        if count != expected:
            raise NetworkError(f"{spec.name}: expected {expected} classes, as the others have; got {count}")
    return members


def trained_digit_network(*, seed: int, progress: bool) -> nn.Module:
    """A small network trained on scikit-learn's digits, the same for the same seed."""
    with training.seeded(seed):
        network = networks.DigitNetwork()
    training.fit(network, data.load("digits", split="train"), recipe=DIGIT_RECIPE, seed=seed, progress=progress)
    return network
