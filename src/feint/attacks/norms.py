"""Norms as values: how large a perturbation is, and which step of a given size goes up most steeply."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Norm(Protocol):
    """What attacks need to know of a norm."""

    def size(self, perturbation: Float[Tensor, " N ..."], /) -> Float[Tensor, " N"]:
        """The norm of each input's perturbation."""
        ...

    def steepest(self, gradient: Float[Tensor, " N ..."], /) -> Float[Tensor, " N ..."]:
        """The perturbation of norm 1 (0 where the gradient is 0) that goes along the gradient furthest."""
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
