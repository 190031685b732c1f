"""What minimum-distance attacks share: the nearest feasible point seen so far, per input."""

from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.budget import Budget
from feint.attacks.evaluation import directed, holds
from feint.attacks.norms import L2
from feint.errors import AttackError
from feint.protocols import Condition


@final
class Nearest:
    """Collects candidates and keeps, per input, the nearest (in L2) at which the condition holds.

    What lies beyond the budget is kept to be drawn in, and is no result.

    Args:
        originals: the originals.
        budget: the largest distance, in L2, and the bounds.
        condition: what makes a candidate count.
        batch_size: inputs per call of the condition, the last call padded; None for all at once.

    Raises:
        AttackError: no condition, or a budget in another norm.
    """

    def __init__(
        self, originals: Float[Tensor, " N ..."], budget: Budget, condition: Condition | None, batch_size: int | None
    ) -> None:
        if condition is None:
            raise AttackError(
                "condition: a minimum-distance attack expects one (what the point is to fulfil), got None"
            )
        if not isinstance(budget.norm, L2):
            raise AttackError(f"budget: this attack measures distance in L2, got a radius in {budget.norm}")
        self._originals, self._radius, self._condition, self._batch_size = (
            originals,
            budget.radius,
            condition,
            batch_size,
        )
        self._points = originals.clone()
        self._distance = originals.new_full((len(originals),), torch.inf)
        self._queries = torch.zeros(len(originals), dtype=torch.int64, device=originals.device)
        self._gradients = torch.zeros_like(self._queries)
        self._led = torch.zeros_like(self._queries, dtype=torch.bool)

    def offer(self, points: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Take candidates for some of the inputs.

        Returns:
            Whether the condition holds at each, near or far.
        """
        good = holds(self._condition, points, rows, self._batch_size)
        self._queries[rows] += 1
        distance = L2().size(points - self._originals[rows])
        better = good & (distance < self._distance[rows])
        self._points[rows[better]] = points[better]
        self._distance[rows[better]] = distance[better]
        return good

    def count(self, slopes: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> None:
        """Count a gradient for some of the inputs, and note which of them said where to go."""
        self._gradients[rows] += 1
        self._led[rows] |= directed(slopes)

    def draw_in(self, halvings: int) -> None:
        """Offer points between the original and the nearest found so far, by bisection of the line between them."""
        rows = self._distance.isfinite().nonzero().squeeze(1)
        starts, ends = self._originals[rows], self._points[rows]
        shape = (-1, *[1] * (starts.ndim - 1))
        low = torch.zeros(len(rows), dtype=starts.dtype, device=starts.device)
        high = torch.ones_like(low)
        for _ in range(halvings if len(rows) else 0):
            middle = (low + high) / 2
            good = self.offer(starts + middle.reshape(shape) * (ends - starts), rows)
            low, high = torch.where(good, low, middle), torch.where(good, middle, high)

    def result(self) -> Adversarial:
        """The nearest points inside the budget; the original, infeasible, where there is none."""
        outside = self._distance > self._radius
        self._points[outside], self._distance[outside] = self._originals[outside], torch.inf
        lost = torch.isinf(self._distance).nonzero().squeeze(1)
        feasible = torch.ones_like(self._queries, dtype=torch.bool)
        if len(lost):
            feasible[lost] = holds(self._condition, self._originals[lost], lost, self._batch_size)
            self._queries[lost] += 1
        radius = self._distance.where(self._distance.isfinite(), 0)
        still = (self._gradients > 0) & ~self._led
        return Adversarial(
            inputs=self._points,
            radius=radius,
            accepted=radius.where(~still, 0),
            feasible=feasible,
            gradients=self._gradients,
            queries=self._queries,
            directionless=still,
        )
