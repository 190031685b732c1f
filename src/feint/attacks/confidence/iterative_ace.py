"""ACE in several steps: projected steps that keep the condition, and the best point seen on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.budget import Budget
from feint.attacks.confidence.backtracking import Backtracking
from feint.attacks.confidence.bisection import Bisection
from feint.attacks.confidence.step import single_steps
from feint.attacks.evaluation import directed, holds, value_and_gradient, values
from feint.attacks.norms import NormName, checked_norm
from feint.attacks.search import Search
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class IterativeACE:
    """Attack on Confidence Estimation in K steps; with one step it is ``ACE``.

    Step k = 0 .. K - 1 has size radius x (1 - k/K). Step 0 is the single step itself, searched as ``ACE`` does. Each
    further step goes along the steepest direction from the point reached, back into the ball and the bounds, and is
    shrunk towards that point where it breaks the condition. Returned is the feasible point with the highest objective
    of all that were reached, the original and the single step's included: on the objective it is never weaker than
    either. In a black box the objective is the proxy's, so that promise is about the proxy, not about the victim.

    Inputs that did not move (in a corner of the ball, or at the condition's edge) would see the same gradient again:
    they are done and drop out. With momentum the direction may yet turn, so none does.

    The result's ``accepted`` is the measured norm of the returned perturbation (for the single step's point: what the
    search accepted, as in ``ACE``); budget.radius - accepted is the radius left unspent. The objective's value comes
    with its gradient; at the single step's and at the last point it is evaluated once more without one, not counted.

    Attributes:
        steps: K, at least 1.
        momentum: the weight of the earlier gradients, each divided by the sum of its absolute values; 0 for none.
        search: along the single step.
        refine: along the further steps. Fewer tries than the search's: a step shrunk a hundredfold gains nothing.
        norm: what the radius measures, "linf" or "l2".

    Raises:
        AttackError: settings outside these ranges.

    References: Galil & El-Yaniv 2021, algorithm 1 (its one step); Dong et al. 2018, "Boosting Adversarial Attacks with
    Momentum", equation 6 (momentum).
    """

    steps: int = 10
    momentum: float = 0.0
    search: Backtracking | Bisection = field(default_factory=Backtracking)
    refine: Backtracking | Bisection = field(default_factory=lambda: Backtracking(tries=7))
    norm: NormName = "linf"

    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise AttackError(f"steps: expected at least 1, got {self.steps}")
        if not 0 <= self.momentum <= 1:
            raise AttackError(f"momentum: expected a number from 0 to 1, got {self.momentum}")
        checked_norm(self.norm)

    @property
    def distance(self) -> Distance:
        """The norm."""
        return self.norm

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
        """Attack at one radius; the arguments are those of ``Attack``, and `samples` is not used: nothing is drawn."""
        return self.grid(objective, inputs, [budget], condition, batch_size=batch_size)[0]

    def grid(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budgets: Sequence[Budget],
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
        samples: Int[Tensor, " N"] | None = None,
    ) -> list[Adversarial]:
        """Attack at several radii; they share the gradient at the originals.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budgets' bounds.
            budgets: the radii.
            condition: what must hold at the returned point.
            batch_size: inputs per call, the last call padded; None for all at once.
            samples: not used.

        Returns:
            One result per budget; each counts the gradients that it would need on its own.
        """
        if not budgets:
            return []
        for budget in budgets:
            budget.expect(self.norm)
        originals = [budget.admit(inputs) for budget in budgets]
        rows = torch.arange(len(inputs), device=inputs.device)
        level, slope = value_and_gradient(objective, originals[0], rows, batch_size)
        results: list[Adversarial] = []
        for start, budget in zip(originals, budgets, strict=True):
            (single,) = single_steps(self.search, objective, start, slope, [budget], condition, batch_size)
            climb = _Climb(objective, start, budget, condition, batch_size, single)
            climb.offer_originals(level)
            results.append(climb.run(slope, self.steps, self.momentum, self.refine))
        return results


@final
class _Climb:
    """One radius: the points reached, the best of them, and what they cost."""

    def __init__(
        self,
        objective: Objective,
        originals: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None,
        batch_size: int | None,
        single: Adversarial,
    ) -> None:
        self._objective, self._condition, self._batch_size = objective, condition, batch_size
        self._originals, self._budget = originals, budget
        self._feasible, self._gradients = single.feasible, single.gradients.clone()
        self._led = ~single.directionless
        self._queries = single.queries.clone()
        self._reached = single.inputs.clone()
        self._best, self._accepted = single.inputs.clone(), single.accepted.clone()
        rows = torch.arange(len(originals), device=originals.device)
        self._highest = values(objective, self._best, rows, batch_size)

    def offer_originals(self, level: Float[Tensor, " N"]) -> None:
        """Take the original where it satisfies the condition and is better than the single step's point."""
        rows = (level > self._highest).nonzero().squeeze(1)
        if self._condition is not None and len(rows):
            good = holds(self._condition, self._originals[rows], rows, self._batch_size)
            self._queries[rows] += 1
            rows = rows[good]
        self._best[rows], self._highest[rows], self._accepted[rows] = self._originals[rows], level[rows], 0.0

    def run(self, slope: Float[Tensor, " N ..."], steps: int, momentum: float, refine: Search) -> Adversarial:
        """All steps after the single one."""
        memory = _normalised(slope)
        rows = self._feasible.nonzero().squeeze(1)
        if not momentum:
            rows = rows[self._moved(rows)]
        for step in range(1, steps):
            if not len(rows):
                break
            level, here = value_and_gradient(self._objective, self._reached[rows], rows, self._batch_size)
            self._keep_best(rows, level)
            self._gradients[rows] += 1
            self._led[rows] |= directed(here)
            memory[rows] = momentum * memory[rows] + _normalised(here)
            moved = self._step(rows, memory[rows], self._budget.radius * (1 - step / steps), refine)
            rows = rows if momentum else rows[moved]
        self._keep_best(rows, values(self._objective, self._reached[rows], rows, self._batch_size))
        return Adversarial(
            inputs=self._best,
            radius=self._budget.norm.size(self._best - self._originals),
            accepted=self._accepted.where(self._led, 0),
            feasible=self._feasible,
            gradients=self._gradients,
            queries=self._queries,
            directionless=~self._led,
        )

    def _moved(self, rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        return (self._reached[rows] != self._originals[rows]).flatten(1).any(dim=1)

    def _step(
        self, rows: Int[Tensor, " n"], slope: Float[Tensor, " n ..."], size: float, refine: Search
    ) -> Bool[Tensor, " n"]:
        """Step from the points reached; whether each moved."""
        budget, here = self._budget, self._reached[rows]
        ahead = here + size * budget.norm.steepest(slope) - self._originals[rows]
        ahead = budget.clip(self._originals[rows] + budget.norm.project(ahead, budget.radius))
        moves = (ahead != here).flatten(1).any(dim=1)
        going, here, ahead = rows[moves], here[moves], ahead[moves]
        # What lies between two points of the ball and the bounds lies in both, so shrinking needs no projection.
        stride = Budget(size, budget.norm, budget.bounds)
        direction = (ahead - here) / size
        end = refine(self._objective, here, direction, stride, self._condition, rows=going, batch_size=self._batch_size)
        self._reached[going] = end.inputs
        self._queries[going] += end.queries
        moves[moves.clone()] = end.found
        return moves

    def _keep_best(self, rows: Int[Tensor, " n"], level: Float[Tensor, " n"]) -> None:
        higher = level > self._highest[rows]
        rows, level = rows[higher], level[higher]
        self._best[rows], self._highest[rows] = self._reached[rows], level
        self._accepted[rows] = self._budget.norm.size(self._best[rows] - self._originals[rows]).double()


def _normalised(slope: Float[Tensor, " n ..."]) -> Float[Tensor, " n ..."]:
    """The gradient, divided by the sum of its absolute values."""
    total = slope.flatten(1).abs().sum(dim=1).reshape(-1, *[1] * (slope.ndim - 1))
    return slope / total.clamp_min(torch.finfo(slope.dtype).tiny)
