"""Szegedy's attack: the smallest L2 perturbation, by L-BFGS in a box, each input a problem of its own."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import checked_steps
from feint.attacks.budget import Budget
from feint.attacks.evaluation import value_and_gradient
from feint.attacks.labels.descent import Descent
from feint.attacks.labels.nearest import Nearest
from feint.errors import AttackError
from feint.protocols import Condition, Objective

HALVINGS = 10
"""Of the line from the original to the nearest point found."""
QUEUE = 3
"""The most inputs that walk on for each one that waits for the condition to be asked."""


@final
@dataclass(frozen=True)
class LBFGS:
    """Minimise c |r|_2^2 - objective(x + r), subject to x + r inside the bounds, for the largest c that succeeds.

    The weight c is searched per input, by factors of ten until one succeeds and one fails, then by bisection of its
    logarithm. Each minimisation is a walk from the original, as ``Descent`` describes it; every call of the objective
    serves each input with what it wants next, whichever step and weight it has come to. The condition is asked at all
    points on the way; the nearest at which it holds is drawn in along the line from the original, by bisection, and
    returned. Its distance is ``radius``; the budget's radius (in L2) is the largest distance that counts.

    Targeted, as in the paper: ``label_objectives.target_log_prob`` with ``reaches_label``. Untargeted it maximises the
    loss of the own label, ``cross_entropy`` with ``changes_label``; there c |r|^2 - loss need not be convex even for a
    linear model, and the minimiser may jump over the boundary and land far beyond it: the nearest point is then one
    that the walk went by.

    Attributes:
        steps: of L-BFGS, per weight.
        searches: weights tried per input.
        initial: the first weight; None for one that suits the input, from the objective and its gradient there.
        memory: curvature pairs kept.

    Raises:
        AttackError: values that are not positive; when called, no condition or another norm than L2.

    Reference: Szegedy et al. 2014, "Intriguing Properties of Neural Networks", section 4.1; the recursion is Nocedal &
    Wright 2006, "Numerical Optimization", algorithm 7.4.
    """

    steps: int = 50
    searches: int = 10
    initial: float | None = None
    memory: int = 10

    distance: ClassVar[Distance] = "l2"
    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "nearest"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = False
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, None)
        for name, value in (("searches", self.searches), ("memory", self.memory)):
            if value < 1:
                raise AttackError(f"{name}: expected at least 1, got {value}")
        if self.initial is not None and not 0 < self.initial < float("inf"):
            raise AttackError(f"initial: expected a finite number above 0, got {self.initial}")

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
        samples: Int[Tensor, " N"] | None = None,
    ) -> Adversarial:
        """Attack; the arguments are those of ``Attack``, and `samples` is not used: nothing is drawn."""
        originals = budget.admit(inputs)
        nearest = Nearest(originals, budget, condition, batch_size)
        rows = torch.arange(len(originals), device=originals.device)
        rows = rows[~nearest.offer(originals, rows)]
        centre = originals[rows].flatten(1)

        def shaped(points: Float[Tensor, " n d"]) -> Float[Tensor, " n ..."]:
            return points.reshape(-1, *originals.shape[1:])

        def evaluated(points: Float[Tensor, " n d"], which: Int[Tensor, " n"]) -> tuple[Tensor, Tensor]:
            """The loss without the distance, and its gradient."""
            value, slope = value_and_gradient(objective, shaped(points), rows[which], batch_size)
            nearest.count(slope, rows[which])
            return -value, -slope.flatten(1)

        walking = torch.arange(len(rows), device=rows.device)
        descent = Descent(centre, *evaluated(centre, walking), budget.bounds, self.steps, self.memory)
        first = descent.natural_weight() if self.initial is None else torch.full_like(centre[:, 0], self.initial)
        weights, waiting = _Weights(first, self.searches), walking[:0]
        descent.start(walking, weights.current)
        while len(walking):
            trials = descent.trials(walking)
            nearest.offer(shaped(trials), rows[walking])
            over = descent.take(walking, trials, *evaluated(trials, walking))
            walking, waiting = walking[~over], torch.cat([waiting, walking[over]])
            # A call of the condition costs as much for one input as for a whole batch.
            if len(walking) > QUEUE * len(waiting):
                continue
            found = nearest.offer(shaped(descent.points[waiting]), rows[waiting])
            again = weights.judged(waiting, found)
            descent.start(again, weights.current[again])
            walking, waiting = torch.cat([walking, again]), waiting[:0]
        nearest.draw_in(HALVINGS)
        return nearest.result()


@final
class _Weights:
    """The search for the largest weight that succeeds, for N inputs, each at its own pace."""

    def __init__(self, first: Float[Tensor, " N"], searches: int) -> None:
        self.current = first
        self._low, self._high = torch.zeros_like(first), torch.full_like(first, torch.inf)
        """The largest weight that succeeded, 0 where none has; the smallest that failed, infinite where none has."""
        self._left = torch.full(first.shape, searches, device=first.device)

    def judged(self, which: Int[Tensor, " n"], found: Bool[Tensor, " n"]) -> Int[Tensor, " m"]:
        """Choose the next weight of these inputs, by whether the current one succeeded.

        Returns:
            Those of them that are to try it.
        """
        current = self.current[which]
        low, high = torch.where(found, current, self._low[which]), torch.where(found, self._high[which], current)
        between = torch.where(high.isinf(), 10 * current, (low * high).sqrt())
        self.current[which] = torch.where(low == 0, current / 10, between)
        self._low[which], self._high[which] = low, high
        self._left[which] -= 1
        return which[self._left[which] > 0]
