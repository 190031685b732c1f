"""Train victims: networks with a card, which every other command takes by name."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast, final

from pydantic import Field
from safetensors.torch import save
from torch import nn

from feint import networks, training
from feint.data import Dataset
from feint.errors import SpecError, StoreError
from feint.estimators import predict
from feint.experiments.adversarial_training import AdversarialSpec, adversary
from feint.experiments.machine import default_batch_size, find_device, find_threads, steady
from feint.experiments.spec import DataSpec, NetworkSpec, Spec, VictimSpec
from feint.experiments.victim import Victim, load_data, new_network
from feint.results import versions
from feint.training import Recipe

CARD = "card.json"
AUTOENCODER = "autoencoder"
"""What a card says its kind is, if it is not a classifier's."""


@final
class TrainSpec(Spec):
    """How a victim is trained.

    Attributes:
        name: what other commands will call it.
        network: a built-in architecture, or the user's "file.py:function".
        victim: how it will predict.
        members: how many networks, each from a seed of its own.
        data: the images to train on.
        test: the images that its accuracy is measured on, never trained or validated on.
        recipe: fields of ``training.Recipe``.
        adversarial: the attack that its training is hardened against, or None for plain training.
        seed: of the first member; the next has the next.
        threads: CPU threads, or None for torch's own choice.
        device: "cpu", "cuda", "cuda:1", "mps" or "auto".
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    network: NetworkSpec
    victim: VictimSpec = VictimSpec()
    members: Annotated[int, Field(gt=0)] = 1
    data: DataSpec
    test: DataSpec
    recipe: dict[str, Any] = Field(default_factory=dict)
    adversarial: AdversarialSpec | None = None
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    threads: Annotated[int, Field(gt=0)] | None = None
    device: str = "cpu"


def train(spec: TrainSpec, root: Path, *, fresh: bool = False, progress: bool = True) -> dict[str, Any]:
    """Train a victim and save it under its name; an interrupted training goes on where it was.

    Args:
        spec: what to train and how.
        root: where victims lie.
        fresh: replace a victim of this name.
        progress: bars on standard error.

    Returns:
        The victim's card: what it is, how it was trained, and its accuracy on the test images.

    Raises:
        FeintError: bad input, a name that is taken, or a folder that cannot be written.
    """
    recipe = checked_recipe(spec.recipe)
    device, threads = find_device(spec.device), find_threads(spec.threads)
    place, work = root / spec.name, root / f".{spec.name}.training"
    if place.exists() and not fresh:
        raise SpecError(
            f"name: expected a new one, got {spec.name!r}, which is in {root} already (--fresh replaces it)"
        )
    with steady(threads):
        data, test = load_apart(spec.data, spec.test)
        network = _with_classes(spec.network, data)
        networks.check(new_network(network.name, network.arguments), data.shape)
        begin_training(work, {**spec.model_dump(mode="json"), "threads": threads, "device": device}, fresh=fresh)
        members = [_member(spec, work, index, network, data, recipe, device, progress) for index in range(spec.members)]
        files = [_weights_file(index) for index in range(spec.members)]
        for member, file in zip(members, files, strict=True):
            save_weights(member, work / file)
        classes = networks.check(members[0], data.shape, device=device)
        victim = Victim(spec.victim, members, classes, spec.seed, data.shape, device)
        card = {
            "name": spec.name,
            "network": network.model_dump(mode="json", exclude={"weights"}),
            "members": files,
            "victim": spec.victim.model_dump(mode="json", exclude={"name", "networks"}),
            "classes": list(data.classes),
            "shape": list(data.shape),
            "accuracy": accuracy(victim, test, device=device),
            "measured_on": {**spec.test.model_dump(mode="json"), "images": len(test)},
            "trained_on": {**spec.data.model_dump(mode="json"), "images": len(data)},
            "recipe": asdict(recipe),
            "adversarial": None if spec.adversarial is None else spec.adversarial.model_dump(mode="json"),
            "seed": spec.seed,
            "threads": threads,
            "versions": versions(),
        }
        finish_training(work, place, card)
    return card


def read_victim(root: Path, name: str) -> VictimSpec:
    """The specification of a trained victim.

    Raises:
        SpecError: there is none of this name (the message lists those there are), or it is an autoencoder.
        StoreError: its card cannot be read.
    """
    card = read_card(root, name, classifiers=True)
    if card.get("kind") == AUTOENCODER:
        raise SpecError(f"victim: expected a classifier, got the autoencoder {name!r}")
    try:
        members = tuple(NetworkSpec(**card["network"], weights=str(root / name / file)) for file in card["members"])
        return VictimSpec(name=name, networks=members, **card["victim"])
    except (KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{root / name / CARD} is no card of a victim: {type(error).__name__}: {reason}") from error


def read_card(root: Path, name: str, *, classifiers: bool = False) -> dict[str, Any]:
    """The card of a trained victim.

    Args:
        root: where victims lie.
        name: what it is called.
        classifiers: whether the message about a wrong name leaves autoencoders out.

    Raises:
        SpecError: there is none of this name; the message lists those there are.
        StoreError: it cannot be read.
    """
    path = root / name / CARD
    if not path.is_file():
        cards = sorted(root.glob(f"*/{CARD}")) if root.is_dir() else []
        there = [card.parent.name for card in cards if not (classifiers and _is_autoencoder(card))]
        listed = f"there are {', '.join(there)}" if there else "there are none (feint train makes some)"
        raise SpecError(f"victim: expected one in {root}, got {name!r}; {listed}")
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise StoreError(f"{path} is no card of a victim: expected an object, got {type(card).__name__}")
    return cast(dict[str, Any], card)


def _is_autoencoder(path: Path) -> bool:
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError):  # whoever names it will hear
        return False
    return isinstance(card, dict) and cast(dict[str, Any], card).get("kind") == AUTOENCODER


def accuracy(victim: Victim, data: Dataset, *, device: str) -> float:
    """The share of right predictions, as the victim predicts: with its draws and all its members."""
    batch_size, right, count = default_batch_size(data.shape, device), 0, 0
    estimator = victim.estimator()
    for batch in data.batches(batch_size):
        images, labels, samples = (tensor.to(device) for tensor in batch)
        predicted = predict(estimator, images, samples, batch_size=batch_size).prediction
        right += int((predicted == labels).sum())
        count += len(labels)
    return right / count


def load_apart(trained: DataSpec, tested: DataSpec) -> tuple[Dataset, Dataset]:
    """The images to train on and those to test on, which must be others, whatever their specifications say.

    Raises:
        DataError: they cannot be read.
        SpecError: images are in both.
    """
    data, test = load_data(trained), load_data(tested)
    if data.overlaps(test):
        raise SpecError(
            f"test: expected other images than those trained on, got some of {trained.source} for both:"
            " name a --test-data, or a --test-split that it has"
        )
    return data, test


def checked_recipe(values: Mapping[str, Any]) -> Recipe:
    """A recipe with these fields.

    Raises:
        SpecError: a field that there is not, or a value out of its range.
    """
    try:
        return Recipe(**values)
    except TypeError as error:
        raise SpecError(f"recipe: {error}") from error


def _with_classes(network: NetworkSpec, data: Dataset) -> NetworkSpec:
    """A built-in architecture gets as many classes as the data have, unless told otherwise."""
    if network.name not in networks.ARCHITECTURES or "classes" in network.arguments:
        return network
    return network.model_copy(update={"arguments": {"classes": len(data.classes), **network.arguments}})


def _weights_file(index: int) -> str:
    return f"member-{index}.safetensors"


def begin_training(work: Path, spec: dict[str, Any], *, fresh: bool) -> None:
    """Make the folder that the training works in, or find the one of the same training."""
    description = work / "training.json"
    try:
        if fresh and work.exists():
            shutil.rmtree(work)
        if description.exists() and json.loads(description.read_text()) != spec:
            raise SpecError(f"another training of {spec['name']} was begun in {work}: --fresh starts over")
        work.mkdir(parents=True, exist_ok=True)
        description.write_text(json.dumps(spec, indent=2))
    except OSError as error:
        raise StoreError(f"cannot write {work}: {error.strerror}") from error


def _member(
    spec: TrainSpec,
    work: Path,
    index: int,
    network: NetworkSpec,
    data: Dataset,
    recipe: Recipe,
    device: str,
    progress: bool,
) -> nn.Module:
    seed = spec.seed + index
    with training.seeded(seed):
        member = new_network(network.name, network.arguments)
    training.fit(
        member,
        data,
        recipe=recipe,
        seed=seed,
        device=device,
        perturb=None if spec.adversarial is None else adversary(spec.adversarial, member, seed=seed),
        checkpoint=work / f"member-{index}.checkpoint",
        progress=progress,
    )
    return member.eval()


def save_weights(member: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors.

    Raises:
        StoreError: they cannot be written.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in member.state_dict().items()}
    try:
        path.write_bytes(save(state))
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def finish_training(work: Path, place: Path, card: dict[str, Any]) -> None:
    """The card makes it a victim; it appears under its name whole."""
    try:
        for leftover in (*work.glob("*.checkpoint"), work / "training.json"):
            leftover.unlink(missing_ok=True)
        (work / CARD).write_text(json.dumps(card, indent=2) + "\n")
        if place.exists():
            shutil.rmtree(place)
        os.replace(work, place)
    except OSError as error:
        raise StoreError(f"cannot write {place}: {error.strerror}") from error
