"""Autoencoders: found by name, beside the victims, and loaded for the images that they are made for."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint import catalog, networks
from feint.data import Dataset
from feint.errors import NetworkError, SpecError, StoreError
from feint.keyed import uniforms
from feint.networks import VariationalAutoencoder
from feint.runs import things
from feint.runs.machine import Machine
from feint.victims.cards import AUTOENCODER, CARD, members_of, read_card
from feint.victims.loading.networks import built
from feint.victims.settings import AutoencoderSettings, NetworkWord


def resolved_autoencoder(settings: AutoencoderSettings, machine: Machine) -> AutoencoderSettings:
    """Settings with what the card says filled in.

    Raises:
        SpecError: there is none of this name, or it is a classifier.
        StoreError: its card cannot be read.
    """
    root, name = machine.victims, settings.name
    card = read_card(root, name)
    if card.get("kind") != AUTOENCODER:
        raise SpecError(f"autoencoder: expected one that feint train --network vae made, got {name!r}, a classifier")
    try:
        return settings.but(network=members_of(root, name, card)[0])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"{root / name / CARD} is no card of an autoencoder: {type(error).__name__}: {reason}"
        ) from error


def load_autoencoder(settings: AutoencoderSettings, dataset: Dataset, machine: Machine) -> VariationalAutoencoder:
    """The autoencoder of resolved settings on its device, checked against the images that it will see.

    Raises:
        NetworkError: its weights cannot be loaded, or it is made for other images.
    """
    if settings.network is None or settings.network.weights is None:
        raise SpecError(f"{settings.name}: expected an autoencoder with weights, got none")
    autoencoder = new_autoencoder(settings.network)
    if autoencoder.shape != dataset.shape:
        expected, came = ("x".join(map(str, shape)) for shape in (autoencoder.shape, dataset.shape))
        raise NetworkError(
            f"{settings.name}: the autoencoder is for images of {expected}, and {dataset.name} has {came}"
        )
    networks.load_weights(autoencoder, settings.network.weights)
    return autoencoder.to(torch.device(machine.device)).eval()


def new_autoencoder(word: NetworkWord, defaults: Mapping[str, Any] | None = None) -> VariationalAutoencoder:
    """An autoencoder with random weights.

    Args:
        word: which; its weights are not loaded.
        defaults: settings that the word may replace, such as the images' ``channels``, ``height`` and ``width``.

    Raises:
        NetworkError: there is no such autoencoder.
        SpecError: settings that it does not take.
    """
    if word.name not in catalog.AUTOENCODERS:
        raise NetworkError(f"autoencoder: expected one of {', '.join(catalog.AUTOENCODERS)}, got {word.name!r}")
    factory = things.loaded(catalog.AUTOENCODERS[word.name])
    return built(factory, {**(defaults or {}), **word.settings}, what=word.name)


def standard_normal(samples: Int[Tensor, " N"], dimensions: int, *, seed: int) -> Float[Tensor, " N D"]:
    """Standard normal noise for each image, the same whatever other images come along."""
    # In the middle of its step of 2^-53: 0 would stand for minus infinity.
    special: Any = torch.special  # it has no stubs
    return special.ndtri(uniforms(samples, dimensions, seed=seed) + 2.0**-54).float()
