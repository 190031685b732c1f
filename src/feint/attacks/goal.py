"""What an attack raises, as a value that adds up and can be weighted."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.protocols import Objective


@final
@dataclass(frozen=True)
class Goal:
    """An objective that can be added to others and weighted: ``a + 0.5 * b`` is an adaptive attacker's.

    >>> double = 2.0 * Goal(lambda inputs, rows: inputs.sum(1))
    >>> (double + double)(torch.ones(1, 3), torch.arange(1))
    tensor([12.])

    Attributes:
        value: the objective, per input.
        success: the value above which it has what it wants, where there is such a value; sums and multiples have none.
    """

    value: Objective
    success: float | None = None

    def __call__(self, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
        """The value of each input."""
        return self.value(inputs, rows)

    def __add__(self, other: Objective) -> "Goal":
        """The sum of two objectives."""
        return Goal(lambda inputs, rows: self(inputs, rows) + other(inputs, rows))

    def __rmul__(self, weight: float) -> "Goal":
        """The objective, weighted."""
        return Goal(lambda inputs, rows: weight * self(inputs, rows))


def logarithm(uncertainty: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """The logarithm of an uncertainty, which orders inputs as the uncertainty itself does.

    log u, and below 0, where energies and logits are, its mirror image 2 log t - log(-u), t being the smallest normal
    number: the larger -u, the smaller. Between -t and t it is log t, with no gradient.

    >>> logarithm(torch.tensor([-3.0, -2.0, 0.0, 2.0, 3.0])).diff() > 0
    tensor([True, True, True, True])
    """
    least = torch.finfo(uncertainty.dtype).tiny
    above = uncertainty.clamp_min(least).log()
    return torch.where(uncertainty < 0, 2 * math.log(least) - (-uncertainty).clamp_min(least).log(), above)
