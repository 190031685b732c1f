"""Norms as values: how large a perturbation is, which step goes up most steeply, the ball of a radius."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, final, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.errors import AttackError
from feint.keyed import uniforms


def summed(flat: Float[Tensor, " N d"]) -> Float[Tensor, " N"]:
    """The sum of each row, by way of float64: rounded back, it does not depend on how many rows were summed at once."""
    if flat.device.type == "mps":  # Apple's GPUs have no float64
        return flat.sum(dim=1)
    return flat.sum(dim=1, dtype=torch.float64).to(flat.dtype)


@runtime_checkable
class Norm(Protocol):
    """What attacks need to know of a norm."""

    def size(self, perturbation: Float[Tensor, " N ..."], /) -> Float[Tensor, " N"]:
        """The norm of each input's perturbation."""
        ...

    def steepest(self, gradient: Float[Tensor, " N ..."], /) -> Float[Tensor, " N ..."]:
        """The perturbation of norm 1 (0 where the gradient is 0) that goes along the gradient furthest."""
        ...

    def project(self, perturbation: Float[Tensor, " N ..."], radius: float, /) -> Float[Tensor, " N ..."]:
        """The nearest (in L2) perturbation whose norm is at most the radius."""
        ...

    def random_start(
        self, like: Float[Tensor, " N ..."], radius: float, keys: Int[Tensor, " N"], *, seed: int, stream: int = 0
    ) -> Float[Tensor, " N ..."]:
        """A perturbation per key, uniform in the ball of that radius; shape and dtype are those of ``like``."""
        ...


@final
@dataclass(frozen=True)
class Linf:
    """The largest change of any pixel and channel, in the inputs' unit: images in [0, 1]."""

    def size(self, perturbation: Float[Tensor, " N ..."]) -> Float[Tensor, " N"]:
        """max_i |delta_i| per input."""
        return perturbation.flatten(1).abs().amax(dim=1)

    def steepest(self, gradient: Float[Tensor, " N ..."]) -> Float[Tensor, " N ..."]:
        """sign(gradient)."""
        return gradient.sign()

    def project(self, perturbation: Float[Tensor, " N ..."], radius: float) -> Float[Tensor, " N ..."]:
        """Every component, clamped to [-radius, radius]."""
        return perturbation.clamp(-radius, radius)

    def random_start(
        self, like: Float[Tensor, " N ..."], radius: float, keys: Int[Tensor, " N"], *, seed: int, stream: int = 0
    ) -> Float[Tensor, " N ..."]:
        """Every component uniform in [-radius, radius]."""
        drawn = uniforms(keys, like[:1].numel(), seed=seed, stream=stream)
        return (radius * (2 * drawn - 1)).to(like.dtype).reshape(like.shape)


@final
@dataclass(frozen=True)
class L2:
    """The Euclidean length over all pixels and channels, in the inputs' unit: images in [0, 1]."""

    def size(self, perturbation: Float[Tensor, " N ..."]) -> Float[Tensor, " N"]:
        """sqrt(sum_i delta_i^2) per input, summed in float64."""
        flat = perturbation.flatten(1)
        if flat.device.type != "mps":  # Apple's GPUs have no float64
            flat = flat.double()
        return flat.square().sum(dim=1).sqrt().to(perturbation.dtype)

    def steepest(self, gradient: Float[Tensor, " N ..."]) -> Float[Tensor, " N ..."]:
        """The gradient, divided by its length."""
        flat = gradient.flatten(1)
        # Divided by the largest component first: squares of a saturated network's gradients vanish in float32.
        flat = flat / flat.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
        length = summed(flat.square()).sqrt().unsqueeze(1)
        return (flat / length.clamp_min(torch.finfo(flat.dtype).tiny)).reshape(gradient.shape)

    def project(self, perturbation: Float[Tensor, " N ..."], radius: float) -> Float[Tensor, " N ..."]:
        """Those that are longer than the radius, scaled to it (less a few roundings, so as to stay inside)."""
        length = self.size(perturbation).reshape(-1, *[1] * (perturbation.ndim - 1))
        inside = 1 - 4 * torch.finfo(perturbation.dtype).eps
        factor = radius * inside / length.clamp_min(torch.finfo(perturbation.dtype).tiny)
        return torch.where(length > radius * inside, perturbation * factor, perturbation)

    def random_start(
        self, like: Float[Tensor, " N ..."], radius: float, keys: Int[Tensor, " N"], *, seed: int, stream: int = 0
    ) -> Float[Tensor, " N ..."]:
        """A normal vector's direction, and the length radius x u^(1/d) in d dimensions: uniform in the ball."""
        dimensions = like[:1].numel()
        drawn = uniforms(keys, 2 * dimensions + 1, seed=seed, stream=stream)
        first, second, last = drawn[:, :dimensions], drawn[:, dimensions:-1], drawn[:, -1:]
        normal = (-2 * torch.log1p(-first)).sqrt() * torch.cos(2 * math.pi * second)  # Box & Muller 1958
        length = normal.square().sum(dim=1, keepdim=True).sqrt().clamp_min(torch.finfo(normal.dtype).tiny)
        start = normal * (radius * last ** (1 / max(dimensions, 1)) / length)
        return self.project(start.to(like.dtype).reshape(like.shape), radius)


NormName = Literal["linf", "l2"]

NORMS: Final[Mapping[NormName, Norm]] = {"linf": Linf(), "l2": L2()}
"""The norms by the names that settings give them."""


def checked_norm(norm: NormName) -> None:
    """Raise an AttackError for a name that no norm has."""
    if norm not in NORMS:
        raise AttackError(f"norm: expected 'linf' or 'l2', got {norm!r}")
