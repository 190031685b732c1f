"""What attacks raise and what must hold, built from plain callables; objectives add up and can be weighted.

An ``uncertainty`` here is any callable ``(inputs, rows) -> (n,)``, higher = more uncertain, differentiable in the
inputs: an estimator followed by a measure. ``rows`` are these inputs' positions in the batch that is attacked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.predictive import Categorical
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class Goal:
    """An objective that can be added to others and weighted: ``a + 0.5 * b`` is an adaptive attacker's.

    >>> double = 2.0 * Goal(lambda inputs, rows: inputs.sum(1))
    >>> (double + double)(torch.ones(1, 3), torch.arange(1))
    tensor([12.])
    """

    value: Objective

    def __call__(self, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
        """The value of each input."""
        return self.value(inputs, rows)

    def __add__(self, other: Objective) -> "Goal":
        """The sum of two objectives."""
        return Goal(lambda inputs, rows: self(inputs, rows) + other(inputs, rows))

    def __rmul__(self, weight: float) -> "Goal":
        """The objective, weighted."""
        return Goal(lambda inputs, rows: weight * self(inputs, rows))


def disrupt_confidence(uncertainty: Objective, right: Bool[Tensor, " N"]) -> Goal:
    """Confidence up where the victim is wrong, down where it is right.

    What is raised is log(uncertainty), times -1 where the victim is wrong. The logarithm is monotone, so it leaves the
    direction of every input's gradient as it is, and it keeps the gradient's size near 1 where the uncertainty itself
    is 1e-20 and its gradient would vanish in float32.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``, at least 0.
        right: whether the victim's own prediction is right, for the whole batch that is attacked.

    Reference: Galil & El-Yaniv 2021, algorithm 1, with confidence = -uncertainty.
    """

    def value(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
        level = uncertainty(inputs, rows)
        level = level.clamp_min(torch.finfo(level.dtype).tiny).log()
        return torch.where(right[rows], level, -level)

    return Goal(value)


def keeps_label(predict: Callable[[Tensor, Tensor], Categorical], labels: Int[Tensor, " N"]) -> Condition:
    """The condition that the predicted label stays what it was.

    Args:
        predict: ``(inputs, rows) -> Categorical`` of n inputs.
        labels: the victim's own predictions for the whole batch that is attacked.
    """

    def holds(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Bool[Tensor, " N"]:
        return predict(inputs, rows).prediction == labels[rows]

    return holds
