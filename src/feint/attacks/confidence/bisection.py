"""Halve the interval between a radius at which the condition holds and one at which it does not."""

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds
from feint.attacks.search import Found, along, largest
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class Bisection:
    """The largest radius at which the condition holds, to a tolerance, at about log2(radius / tolerance) queries.

    The whole radius is tried first. Where it fails, the condition is taken to hold at the start and to be crossed once
    on the way. Where a ray crosses more often, the point found still satisfies the condition, but a larger radius may
    do so too; where the condition fails at every radius tried, the starting point is returned.

    Attributes:
        tolerance: how far below the crossing the accepted radius may lie, in the inputs' unit; above 0.

    Raises:
        AttackError: a tolerance that is not above 0.

    Here the step of Galil & El-Yaniv 2021, algorithm 1, is not shrunk by a fixed factor.
    """

    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tolerance) and self.tolerance > 0):
            raise AttackError(f"tolerance: expected a finite number above 0, got {self.tolerance}")

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        direction: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None,
        *,
        rows: Int[Tensor, " N"],
        radii: Float[Tensor, " N"] | None = None,
        batch_size: int | None = None,
    ) -> Found:
        """Search along one direction per input; the arguments are those of ``Search``. The objective is not asked."""
        radii = largest(inputs, budget) if radii is None else radii
        points = budget.clip(along(inputs, direction, radii))
        accepted = radii.clone()
        found = torch.ones(len(inputs), dtype=torch.bool, device=inputs.device)
        queries = torch.zeros(len(inputs), dtype=torch.int64, device=inputs.device)
        if condition is None or not len(inputs):
            return Found(points, accepted, found, queries)

        found = holds(condition, points, rows, batch_size)
        queries += 1
        play = (~found).nonzero().squeeze(1)
        points[play], accepted[play] = inputs[play], 0.0
        width = radii.clone()
        while len(play := play[width[play] > self.tolerance]):
            width[play] /= 2
            middle = accepted[play] + width[play]
            candidates = budget.clip(along(inputs[play], direction[play], middle))
            good = holds(condition, candidates, rows[play], batch_size)
            queries[play] += 1
            found[play[good]] = True
            points[play[good]] = candidates[good]
            accepted[play[good]] = middle[good]
        return Found(points, accepted, found, queries)
