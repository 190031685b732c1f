"""The uncertainty span: how far an attacker can move one input's uncertainty, down and up."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Attack
from feint.attacks.budget import Budget
from feint.attacks.confidence.calibration import over_confidence, under_confidence
from feint.attacks.evaluation import values
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True, eq=False)
class Span:
    """An interval of uncertainty per input; ``low <= clean <= high``.

    Attributes:
        low: the lowest uncertainty found within the budget.
        clean: the original's.
        high: the highest found.
        gradients: gradients spent on both ends.
        queries: evaluations of the condition spent on both ends.
        directionless: whether neither end had a direction to go: an interval without width is no robustness there.

    What an attack finds bounds the true span from inside: a stronger attack can only widen it.
    """

    low: Float[Tensor, " N"]
    clean: Float[Tensor, " N"]
    high: Float[Tensor, " N"]
    gradients: Int[Tensor, " N"]
    queries: Int[Tensor, " N"]
    directionless: Bool[Tensor, " N"]


def span(
    uncertainty: Objective,
    inputs: Float[Tensor, " N ..."],
    budget: Budget,
    condition: Condition | None = None,
    *,
    attack: Attack,
    batch_size: int | None = None,
    samples: Int[Tensor, " N"] | None = None,
) -> Span:
    """Attack every input twice, confidence up and confidence down.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``; one minus it is the confidence where it is a probability.
        inputs: the originals, inside the budget's bounds.
        budget: how far to go.
        condition: what must hold at both ends, such as ``objectives.keeps_label``; None for nothing.
        attack: usually ``IterativeACE()`` or ``ACE()``; a point that it calls infeasible does not count.
        batch_size: inputs per call, the last call padded; None for all at once.
        samples: the inputs' indices in their data set, for attacks that draw; 0 to N - 1 where not given.

    Returns:
        Both ends in the unit of the uncertainty, float64. Each takes in the original and the feasible ends of both
        attacks, for a single long step may overshoot.
    """
    originals = budget.admit(inputs)
    rows = torch.arange(len(inputs), device=inputs.device)
    clean = values(uncertainty, originals, rows, batch_size)

    def reached(result: Adversarial) -> Float[Tensor, " N"]:
        return torch.where(result.feasible, values(uncertainty, result.inputs, rows, batch_size), clean)

    up = attack(over_confidence(uncertainty), originals, budget, condition, batch_size=batch_size, samples=samples)
    down = attack(under_confidence(uncertainty), originals, budget, condition, batch_size=batch_size, samples=samples)
    ends = torch.stack([clean, reached(up), reached(down)])
    return Span(
        low=ends.amin(dim=0),
        clean=clean,
        high=ends.amax(dim=0),
        gradients=up.gradients + down.gradients,
        queries=up.queries + down.queries,
        directionless=up.directionless & down.directionless,
    )
