"""Szegedy's attack: the smallest L2 perturbation, by L-BFGS in a box, each input a problem of its own."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.ascent import checked_steps
from feint.attacks.budget import Budget
from feint.attacks.evaluation import value_and_gradient
from feint.attacks.nearest import Nearest
from feint.attacks.quasi_newton import Curvature, dot
from feint.errors import AttackError
from feint.protocols import Condition, Objective

HALVINGS, SUFFICIENT, TOLERANCE = 12, 1e-4, 1e-7
"""The line search's most halvings and the share of the promised decrease it wants; the relative decrease to stop at."""


@final
@dataclass(frozen=True)
class LBFGS:
    """Minimise c |r|_2^2 - objective(x + r), subject to x + r inside the bounds, for the largest c that succeeds.

    The weight c is searched per input, by factors of ten until one succeeds and one fails, then by bisection of its
    logarithm. Each minimisation starts at the original; line search (backtracking, Armijo) and curvature pairs (left
    out where s.y is not positive) belong to one input each, and coordinates at a bound that want to leave it are held
    there. An input whose line search fails forgets its pairs and goes on from steepest descent, and is given up where
    that fails too. The nearest minimiser at which the condition holds is returned, its distance is ``radius``; the
    budget's radius (in L2) is the largest distance that counts.

    Targeted, as in the paper: ``label_objectives.target_log_prob`` with ``reaches_label``. Untargeted it maximises the
    loss of the own label, ``cross_entropy`` with ``changes_label``; there c |r|^2 - loss need not be convex even for a
    linear model, and the minimiser may jump over the boundary and land beyond the nearest point.

    Attributes:
        steps: of L-BFGS, per weight.
        searches: weights tried per input.
        initial: the first weight.
        memory: curvature pairs kept.

    Raises:
        AttackError: values that are not positive; when called, no condition or another norm than L2.

    Reference: Szegedy et al. 2014, "Intriguing Properties of Neural Networks", section 4.1; the recursion is Nocedal &
    Wright 2006, "Numerical Optimization", algorithm 7.4.
    """

    steps: int = 50
    searches: int = 15
    initial: float = 1.0
    memory: int = 10
    keeps_best = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, None)
        for name, value in (("searches", self.searches), ("memory", self.memory)):
            if value < 1:
                raise AttackError(f"{name}: expected at least 1, got {value}")
        if not 0 < self.initial < float("inf"):
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
        weight = originals.new_full((len(rows),), self.initial)
        low, high = torch.zeros_like(weight), torch.full_like(weight, torch.inf)
        for _ in range(self.searches):
            if not len(rows):
                break
            points = self._minimise(objective, originals[rows], rows, weight, budget, nearest, batch_size)
            found = nearest.offer(points, rows)
            low, high = torch.where(found, weight, low), torch.where(found, high, weight)
            between = torch.where(high.isinf(), 10 * weight, (low * high).sqrt())
            weight = torch.where(low == 0, weight / 10, between)
        return nearest.result()

    def _minimise(
        self,
        objective: Objective,
        originals: Float[Tensor, " n ..."],
        rows: Int[Tensor, " n"],
        weight: Float[Tensor, " n"],
        budget: Budget,
        nearest: Nearest,
        batch_size: int | None,
    ) -> Float[Tensor, " n ..."]:
        """The minimiser for one weight per input."""
        shape, centre = originals.shape[1:], originals.flatten(1)

        def evaluated(at: Float[Tensor, " m d"], which: Int[Tensor, " m"]) -> tuple[Tensor, Tensor]:
            """The loss and its gradient for some of the inputs."""
            value, slope = value_and_gradient(objective, at.reshape(-1, *shape), rows[which], batch_size)
            nearest.gradients[rows[which]] += 1
            offset, c = at - centre[which], weight[which]
            return c * dot(offset, offset) - value, 2 * c.unsqueeze(1) * offset - slope.flatten(1)

        result = centre.clone()
        alive = torch.arange(len(rows), device=rows.device)
        point = centre
        loss, slope = evaluated(point, alive)
        curvature = Curvature(self.memory)
        for _ in range(self.steps):
            slack = slope * _free(point, slope, budget.bounds)
            length = dot(slack, slack).sqrt().clamp_min(torch.finfo(slack.dtype).tiny)
            # Without curvature the distance's own is taken, in a step no longer than 1.
            plain = (1 / (2 * weight[alive]).maximum(length)).unsqueeze(1)
            direction = -curvature.times(slack, plain) * (slack != 0)
            uphill = dot(direction, slack) >= 0
            direction = torch.where(uphill.unsqueeze(1), -plain * slack, direction)

            new_point, new_loss, new_slope = point.clone(), loss.clone(), slope.clone()
            pending, scale = torch.arange(len(alive), device=rows.device), 1.0
            stuck = torch.ones_like(alive, dtype=torch.bool)
            for _ in range(HALVINGS):
                tried = budget.clip(point[pending] + scale * direction[pending])
                promised = dot(slope[pending], tried - point[pending])
                tried_loss, tried_slope = evaluated(tried, alive[pending])
                good = (promised < 0) & (tried_loss <= loss[pending] + SUFFICIENT * promised)
                done = pending[good]
                new_point[done], new_loss[done], new_slope[done] = tried[good], tried_loss[good], tried_slope[good]
                stuck[done] = False
                # A step that promises nothing will not promise more when it is shorter.
                pending, scale = pending[~good & (promised < 0)], scale / 2
                if not len(pending):
                    break

            moving = loss - new_loss > TOLERANCE * loss.abs()
            curvature.learn(new_point - point, new_slope - slope)
            # Pairs from elsewhere can make every trial too long; steepest descent has then not been tried yet.
            moving |= curvature.forget(stuck & ~uphill)
            result[alive] = new_point
            point, loss, slope, alive = new_point[moving], new_loss[moving], new_slope[moving], alive[moving]
            curvature.keep(moving)
            if not len(alive):
                break
        return result.reshape(originals.shape)


def _free(
    points: Float[Tensor, " n d"], slope: Float[Tensor, " n d"], bounds: tuple[float, float] | None
) -> Bool[Tensor, " n d"]:
    """Which coordinates may move: not those at a bound that going down would take out of it."""
    if bounds is None:
        return torch.ones_like(points, dtype=torch.bool)
    low, high = bounds
    return ~(((points <= low) & (slope > 0)) | ((points >= high) & (slope < 0)))
