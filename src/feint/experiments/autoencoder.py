"""Train an autoencoder and find it again by name: a folder with a card, beside those of the victims."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint import networks, training
from feint.data import Dataset
from feint.errors import NetworkError, SpecError, StoreError
from feint.experiments.machine import default_batch_size, find_device, find_threads, steady
from feint.experiments.spec import NetworkSpec, Spec, VictimSpec
from feint.experiments.train import (
    CARD,
    TrainSpec,
    begin_training,
    checked_recipe,
    finish_training,
    load_apart,
    read_card,
    save_weights,
)
from feint.keyed import uniforms
from feint.networks import VariationalAutoencoder
from feint.results import versions

AUTOENCODERS: Final[Mapping[str, type[VariationalAutoencoder]]] = {"vae": networks.VariationalAutoencoder}
"""Name -> autoencoder. They are no architectures of classifiers: they return images."""

WEIGHTS = "member-0.safetensors"


@final
class AutoencoderSpec(Spec):
    """A trained autoencoder.

    Attributes:
        name: what it is called.
        network: its architecture, arguments and weights.
    """

    name: str
    network: NetworkSpec


def train_autoencoder(spec: TrainSpec, root: Path, *, fresh: bool = False, progress: bool = True) -> dict[str, Any]:
    """Train an autoencoder and save it under its name; an interrupted training goes on where it was.

    It has no labels to validate on, so nothing is held out and the weights of the last epoch stay.

    Args:
        spec: what to train and how.
        root: where victims lie.
        fresh: replace what has this name.
        progress: bars on standard error.

    Returns:
        The card: what it is, how it was trained, and its evidence lower bound on the test images in nats per image.

    Raises:
        FeintError: bad input, a name that is taken, or a folder that cannot be written.
    """
    recipe = checked_recipe({"validation_share": 0.0, **spec.recipe})
    if recipe.validation_share:
        raise SpecError(f"validation-share: expected 0 for an autoencoder, got {recipe.validation_share}")
    if spec.members > 1 or spec.victim != VictimSpec() or spec.adversarial is not None:
        raise SpecError(
            f"{spec.network.name}: expected no members, estimator or adversarial training of an autoencoder"
        )
    device, threads = find_device(spec.device), find_threads(spec.threads)
    place, work = root / spec.name, root / f".{spec.name}.training"
    if place.exists() and not fresh:
        raise SpecError(
            f"name: expected a new one, got {spec.name!r}, which is in {root} already (--fresh replaces it)"
        )
    with steady(threads):
        data, test = load_apart(spec.data, spec.test)
        network = _with_shape(spec.network, data)
        with training.seeded(spec.seed):
            autoencoder = _build(network)
        begin_training(work, {**spec.model_dump(mode="json"), "threads": threads, "device": device}, fresh=fresh)
        training.fit(
            autoencoder,
            data,
            recipe=recipe,
            seed=spec.seed,
            device=device,
            checkpoint=work / "member-0.checkpoint",
            progress=progress,
        )
        save_weights(autoencoder, work / WEIGHTS)
        card = {
            "name": spec.name,
            "kind": "autoencoder",
            "network": network.model_dump(mode="json", exclude={"weights"}),
            "members": [WEIGHTS],
            "shape": list(data.shape),
            **_bounds(autoencoder.eval(), test, device=device, seed=spec.seed),
            "measured_on": {**spec.test.model_dump(mode="json"), "images": len(test)},
            "trained_on": {**spec.data.model_dump(mode="json"), "images": len(data)},
            "recipe": asdict(recipe),
            "seed": spec.seed,
            "threads": threads,
            "versions": versions(),
        }
        finish_training(work, place, card)
    return card


def read_autoencoder(root: Path, name: str) -> AutoencoderSpec:
    """The specification of a trained autoencoder.

    Raises:
        SpecError: there is none of this name, or it is a classifier.
        StoreError: its card cannot be read.
    """
    card = read_card(root, name)
    if card.get("kind") != "autoencoder":
        raise SpecError(f"autoencoder: expected one that feint train --network vae made, got {name!r}, a classifier")
    try:
        weights = str(root / name / card["members"][0])
        return AutoencoderSpec(name=name, network=NetworkSpec(**card["network"], weights=weights))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"{root / name / CARD} is no card of an autoencoder: {type(error).__name__}: {reason}"
        ) from error


def load_autoencoder(spec: AutoencoderSpec, dataset: Dataset, *, device: str) -> VariationalAutoencoder:
    """An autoencoder with its weights, on its device, checked against the images that it will see.

    Raises:
        NetworkError: its weights cannot be loaded, or it is made for other images.
    """
    autoencoder = _build(spec.network)
    if autoencoder.shape != dataset.shape:
        expected, came = ("x".join(map(str, shape)) for shape in (autoencoder.shape, dataset.shape))
        raise NetworkError(f"{spec.name}: the autoencoder is for images of {expected}, and {dataset.name} has {came}")
    if spec.network.weights is not None:
        networks.load_weights(autoencoder, spec.network.weights)
    return autoencoder.to(torch.device(device)).eval()


def standard_normal(samples: Int[Tensor, " N"], dimensions: int, *, seed: int) -> Float[Tensor, " N D"]:
    """Standard normal noise for each image, the same whatever other images come along."""
    # In the middle of its step of 2^-53: 0 would stand for minus infinity.
    special: Any = torch.special  # it has no stubs
    return special.ndtri(uniforms(samples, dimensions, seed=seed) + 2.0**-54).float()


def _build(network: NetworkSpec) -> VariationalAutoencoder:
    if network.name not in AUTOENCODERS:
        raise NetworkError(f"autoencoder: expected one of {', '.join(AUTOENCODERS)}, got {network.name!r}")
    arguments: dict[str, Any] = dict(network.arguments)
    try:
        return AUTOENCODERS[network.name](**arguments)
    except TypeError as error:
        raise SpecError(f"{network.name} does not take these arguments: {network.arguments} ({error})") from error


def _with_shape(network: NetworkSpec, data: Dataset) -> NetworkSpec:
    """An autoencoder is as large as the images."""
    shape = dict(zip(("channels", "height", "width"), data.shape, strict=True))
    return network.model_copy(update={"arguments": {**shape, **network.arguments}})


def _bounds(autoencoder: VariationalAutoencoder, data: Dataset, *, device: str, seed: int) -> dict[str, float]:
    """The mean evidence lower bound and its two parts, in nats per image, at one point of each image's posterior."""
    sums = torch.zeros(2, dtype=torch.float64)
    for images, _, samples in data.batches(default_batch_size(data.shape, device)):
        noise = standard_normal(samples, autoencoder.latent, seed=seed)
        with torch.inference_mode():
            images = images.to(device)
            bound = autoencoder.elbo(images, noise.to(device))
            kl = autoencoder.encode(images).kl()
        sums += torch.stack([bound.double().sum(), kl.double().sum()]).cpu()
    elbo, kl = (float(value) / len(data) for value in sums)
    return {"elbo": elbo, "log_likelihood": elbo + kl, "kl": kl}
