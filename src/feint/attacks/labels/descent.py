"""Minimisation in a box by L-BFGS, of many losses side by side, each at its own pace."""

from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.labels.quasi_newton import Curvature, dot

HALVINGS, SUFFICIENT = 12, 1e-4
"""The line search's most trials, and the share of the promised decrease it wants."""

SETTLED, NOISE = 3e-4, 1e-7
"""A walk is over where a step's decrease is below these shares of c abs(r)_2^2 and of the loss."""


@final
class Descent:
    """N walks r from 0, down losses ``f(origin + r) + c abs(r)_2^2``, f and c being each walk's own.

    ``trials`` says where walks want f and its gradient next, ``take`` hands these over. Each walk answers for itself:
    one may go on to its next step while another still halves its last. Line search (backtracking, Armijo) and curvature
    pairs (left out where s.y is not positive) belong to one walk; coordinates at a bound that want to leave it are held
    there. A walk whose line search fails forgets its pairs and goes on from steepest descent. Where the very first one
    fails, the walk takes its shortest trial, whatever the loss is there.

    A walk is over where steepest descent fails on the way, after ``steps``, and where it stands still: where f is
    convex, a point that lies e c abs(r)_2^2 above the minimum is within sqrt(e) abs(r)_2 of the minimiser.

    Args:
        origins: where the walks start.
        values: f there.
        slopes: f's gradient there.
        bounds: of the coordinates.
        steps: the most of one walk.
        memory: curvature pairs kept.
    """

    def __init__(
        self,
        origins: Float[Tensor, " N d"],
        values: Float[Tensor, " N"],
        slopes: Float[Tensor, " N d"],
        bounds: tuple[float, float] | None,
        steps: int,
        memory: int,
    ) -> None:
        self._at_origin = origins, values, slopes
        self._bounds, self._steps = bounds, steps
        self.points = origins.clone()
        """Where each walk is, or ended."""
        self._loss, self._slope = values.clone(), slopes.clone()
        self._weight, self._direction = torch.zeros_like(origins[:, 0]), torch.zeros_like(origins)
        self._steepest = torch.zeros(len(origins), dtype=torch.bool, device=origins.device)
        self._taken = torch.zeros(len(origins), dtype=torch.int64, device=origins.device)
        """Steps."""
        self._tried = torch.zeros_like(self._taken)
        """Trials of the step."""
        self._curvature = Curvature(origins, memory)

    def natural_weight(self) -> Float[Tensor, " N"]:
        """abs(gradient of f)_2^2 / (2 abs(f)) at each origin, 1 where that is not a positive number.

        Were f linear there, this c would have its minimiser just where f has fallen, or grown, to 0. It scales with f
        and with the unit of the inputs as c has to.
        """
        slack = self._slack(torch.arange(len(self.points), device=self.points.device))
        weight = (dot(slack, slack) / (2 * self._at_origin[1].abs())).to(slack.dtype)
        return weight.where((weight > 0) & weight.isfinite(), 1)

    def start(self, rows: Int[Tensor, " n"], weight: Float[Tensor, " n"]) -> None:
        """Put these walks back to their origins, with another c."""
        origins, values, slopes = self._at_origin
        self.points[rows], self._loss[rows], self._slope[rows] = origins[rows], values[rows], slopes[rows]
        self._weight[rows], self._taken[rows] = weight, 0
        self._curvature.forget(rows)
        self._aim(rows)

    def trials(self, rows: Int[Tensor, " n"]) -> Float[Tensor, " n d"]:
        """Where these walks want f and its gradient."""
        scale = torch.pow(0.5, self._tried[rows]).to(self.points.dtype).unsqueeze(1)
        points = self.points[rows] + scale * self._direction[rows]
        return points if self._bounds is None else points.clamp(*self._bounds)

    def take(
        self,
        rows: Int[Tensor, " n"],
        trials: Float[Tensor, " n d"],
        values: Float[Tensor, " n"],
        slopes: Float[Tensor, " n d"],
    ) -> Bool[Tensor, " n"]:
        """Go on by f and its gradient at these walks' trials.

        Returns:
            Which of the walks are over.
        """
        offset, c = trials - self._at_origin[0][rows], self._weight[rows]
        spring = c * dot(offset, offset)
        loss, slope = values + spring, slopes + 2 * c.unsqueeze(1) * offset

        before, step = self._loss[rows], trials - self.points[rows]
        promised = dot(self._slope[rows], step)
        good = (promised < 0) & (loss <= before + SUFFICIENT * promised)
        self._tried[rows] += 1
        # A step that promises nothing will not promise more when it is shorter.
        stuck = ~good & ((promised >= 0) | (self._tried[rows] == HALVINGS))
        # A flat image ties in every window of max-pooling, and no gradient there need point down: a nudge breaks ties.
        nudged = stuck & (promised < 0) & (self._taken[rows] == 0)
        stuck &= ~nudged

        self._curvature.learn(rows[good], step[good], slope[good] - self._slope[rows[good]])
        good |= nudged
        moved, failed = rows[good], rows[stuck]
        self.points[moved], self._loss[moved], self._slope[moved] = trials[good], loss[good], slope[good]
        over = good & ~nudged & (before - loss <= (SETTLED * spring).maximum(NOISE * before.abs()))
        # Pairs from elsewhere can make every trial too long; steepest descent has then not been tried yet.
        over[stuck] = self._steepest[failed] | ~self._curvature.forget(failed)
        self._taken[rows] += good | stuck
        over |= self._taken[rows] == self._steps
        self._aim(rows[(good | stuck) & ~over])
        return over

    def _aim(self, rows: Int[Tensor, " n"]) -> None:
        """Choose these walks' next direction."""
        slack = self._slack(rows)
        length = dot(slack, slack).sqrt().clamp_min(torch.finfo(slack.dtype).tiny)
        # Without curvature the distance's own is taken, in a step no longer than 1.
        plain = (1 / (2 * self._weight[rows]).maximum(length)).unsqueeze(1)
        direction = -self._curvature.times(rows, slack, plain) * (slack != 0)
        uphill = dot(direction, slack) >= 0
        self._direction[rows] = torch.where(uphill.unsqueeze(1), -plain * slack, direction)
        self._steepest[rows], self._tried[rows] = uphill, 0

    def _slack(self, rows: Int[Tensor, " n"]) -> Float[Tensor, " n d"]:
        """The loss's gradient, 0 at coordinates that may not move: at a bound that going down would pass."""
        points, slope = self.points[rows], self._slope[rows]
        if self._bounds is None:
            return slope
        low, high = self._bounds
        return slope * ~(((points <= low) & (slope > 0)) | ((points >= high) & (slope < 0)))
