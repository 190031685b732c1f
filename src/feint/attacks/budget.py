"""How far an attack may go."""

import math
from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks.norms import L2, Linf, Norm, NormName
from feint.batching import checked_inputs
from feint.errors import AttackError

TOLERANCE = 1e-6
"""Inputs outside their bounds by no more than this are rounding, and are clamped."""


@final
@dataclass(frozen=True)
class Budget:
    """A ball around each input, cut to the inputs' bounds.

    Attributes:
        radius: the largest norm of a perturbation, in the inputs' unit; a finite number >= 0.
        norm: the norm that measures it.
        bounds: the lowest and highest value of an input, or None for unbounded inputs.

    Raises:
        AttackError: a radius or bounds that are not that.

    >>> Budget(0.5).radius
    0.5
    """

    radius: float
    norm: Norm = field(default_factory=Linf)
    bounds: tuple[float, float] | None = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius) and self.radius >= 0):
            raise AttackError(f"radius: expected a finite number of at least 0, got {self.radius}")
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise AttackError(f"bounds: expected (low, high) with low < high, got {self.bounds}")

    def clip(self, inputs: Float[Tensor, " N ..."]) -> Float[Tensor, " N ..."]:
        """The inputs, clamped to the bounds."""
        return inputs if self.bounds is None else inputs.clamp(*self.bounds)

    def admit(self, inputs: Float[Tensor, " N ..."]) -> Float[Tensor, " N ..."]:
        """The inputs to be attacked: without a gradient, clamped where rounding took them out of bounds.

        Raises:
            InputError: inputs that are no tensor of floats.
            AttackError: inputs that are not finite, or outside the bounds by more than 1e-6.
        """
        inputs = checked_inputs(inputs).detach()
        if not len(inputs):
            return inputs
        low, high = (value.item() for value in torch.aminmax(inputs))
        lowest, highest = self.bounds or (-math.inf, math.inf)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise AttackError(
                f"inputs: expected finite values, got a tensor {tuple(inputs.shape)} with NaN or infinity"
            )
        if low < lowest - TOLERANCE or high > highest + TOLERANCE:
            raise AttackError(
                f"inputs: expected values in [{lowest:g}, {highest:g}], got [{low:g}, {high:g}] "
                f"in shape {tuple(inputs.shape)}"
            )
        return self.clip(inputs)

    def expect(self, norm: NormName) -> None:
        """Refuse an attack that is set to L2 on a budget in L-infinity, the norm of budgets that say none.

        Otherwise it is the budget's norm that counts.

        Raises:
            AttackError: a budget in L-infinity for an attack in L2.
        """
        if norm == "l2" and isinstance(self.norm, Linf):
            raise AttackError(f"budget: this attack was set to L2, expected {L2()} as its norm, got {self.norm}")
