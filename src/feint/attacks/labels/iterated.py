"""BIM, PGD and MIM: many small steepest steps inside the ball.

They run without a condition, as a rule: success is judged outside, on fresh draws. Where one is given, the last iterate
(of BIM, MIM and PGD with keep="last") is undone if it does not hold there; PGD as it comes looks for the best iterate
where it holds.
"""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.ascent import ascent, checked_steps, concluded, land
from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds, values
from feint.batching import padded_batches
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class BIM:
    """The basic iterative method: from the original, steepest steps; the last iterate is returned.

    Attributes:
        steps: how many, at least 1.
        step: the norm of each, in the inputs' unit; None for reach x radius / steps.
        reach: how far all steps go together, in radii: above 1 leaves room to go back.

    Raises:
        AttackError: values outside these ranges.

    Reference: Kurakin, Goodfellow & Bengio 2017, "Adversarial Examples in the Physical World", section 2.2.
    """

    steps: int = 10
    step: float | None = None
    reach: float = 1.0
    keeps_best = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)

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
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        originals = budget.admit(inputs)
        return _last(
            objective, originals, budget, condition, originals, steps=self.steps, step=step, batch_size=batch_size
        )


@final
@dataclass(frozen=True)
class MIM:
    """The momentum iterative method: BIM along m <- decay x m + gradient / |gradient|_1.

    Attributes:
        steps: how many, at least 1.
        step: the norm of each, in the inputs' unit; None for reach x radius / steps.
        decay: the weight of the momentum, at least 0; at 0 it is BIM.
        reach: how far all steps go together, in radii.

    Raises:
        AttackError: values outside these ranges.

    Reference: Dong et al. 2018, "Boosting Adversarial Attacks with Momentum", algorithm 1 (decay 1.0).
    """

    steps: int = 10
    step: float | None = None
    decay: float = 1.0
    reach: float = 1.0
    keeps_best = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)
        if not 0 <= self.decay < float("inf"):
            raise AttackError(f"decay: expected a finite number of at least 0, got {self.decay}")

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
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        originals = budget.admit(inputs)
        return _last(
            objective,
            originals,
            budget,
            condition,
            originals,
            steps=self.steps,
            step=step,
            decay=self.decay,
            batch_size=batch_size,
        )


@final
@dataclass(frozen=True)
class PGD:
    """Projected gradient ascent from random points of the ball; per input, the best point seen is returned.

    Iterates of all restarts and the original compete by the objective's value, so the result is never below the
    original on the same draws (against fresh draws per call, values are compared across draws). That takes two more
    passes forward, for the values of the original and of the last iterate. With keep="last" neither is asked, and the
    last iterate is returned whatever its value.

    Attributes:
        steps: how many per restart, at least 1.
        step: the norm of each, in the inputs' unit; None for reach x radius / steps.
        restarts: how many random starts, at least 1.
        random_start: False to begin at the original (one restart only).
        seed: of the random starts, which are keyed by seed, restart and sample.
        keep: "best" of all points, or the "last" iterate (one restart only), as foolbox and torchattacks do.
        reach: how far all steps of a restart go together, in radii.

    Raises:
        AttackError: values outside these ranges.

    Reference: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks", section 2.1.
    """

    steps: int = 10
    step: float | None = None
    restarts: int = 1
    random_start: bool = True
    seed: int = 0
    keep: Literal["best", "last"] = "best"
    reach: float = 2.5

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)
        if self.restarts < 1:
            raise AttackError(f"restarts: expected at least 1, got {self.restarts}")
        if self.restarts > 1 and not self.random_start:
            raise AttackError(f"restarts: expected 1 where every start is the original, got {self.restarts}")
        if self.keep not in ("best", "last"):
            raise AttackError(f"keep: expected 'best' or 'last', got {self.keep!r}")
        if self.restarts > 1 and self.keep == "last":
            raise AttackError(f"restarts: expected 1 where the last iterate is kept, got {self.restarts}")

    @property
    def keeps_best(self) -> bool:
        """Whether the result is never worse than the original, on the same draws."""
        return self.keep == "best"

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
        """Attack; the arguments are those of ``Attack``.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budget's bounds.
            budget: the ball and the bounds.
            condition: what must hold at the returned point; None for nothing.
            batch_size: inputs per call, the last call padded; None for all at once.
            samples: the inputs' indices in their data set, which key the random starts; 0 to N - 1 where not given.
        """
        originals = budget.admit(inputs)
        rows = torch.arange(len(originals), device=originals.device)
        keys = rows if samples is None else samples
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        if self.keep == "last":
            start = self._start(originals, budget, keys, 0)
            return _last(
                objective, originals, budget, condition, start, steps=self.steps, step=step, batch_size=batch_size
            )
        found, moved = torch.empty_like(originals), torch.zeros_like(rows, dtype=torch.bool)
        queries = begin = 0
        for batch, which, count in padded_batches(originals, rows, batch_size):
            best, better, queries = self._climb(objective, batch, which, keys[which], budget, condition, step)
            found[begin : begin + count], moved[begin : begin + count] = best[:count], better[:count]
            begin += count
        result = concluded(
            originals,
            found,
            budget,
            condition,
            gradients=self.restarts * self.steps,
            batch_size=batch_size,
            moved=moved,
        )
        result.queries.add_(queries)
        return result

    def _climb(
        self,
        objective: Objective,
        originals: Float[Tensor, " N ..."],
        rows: Int[Tensor, " N"],
        keys: Int[Tensor, " N"],
        budget: Budget,
        condition: Condition | None,
        step: float,
    ) -> tuple[Float[Tensor, " N ..."], Bool[Tensor, " N"], int]:
        """All restarts for one batch: the best points, whether they are not the originals, queries per input."""
        best, best_value, moved = originals.clone(), None, torch.zeros_like(rows, dtype=torch.bool)
        if self.random_start:
            best_value = values(objective, originals, rows, None)
        queries = 0
        for restart in range(self.restarts):
            start = self._start(originals, budget, keys, restart)
            for points, seen in ascent(objective, originals, start, rows, budget, step=step, steps=self.steps):
                value = values(objective, points, rows, None) if seen is None else seen
                if best_value is None:  # the first point is the original
                    best_value = value
                    continue
                better = value > best_value
                if condition is not None:
                    better &= holds(condition, points, rows, None)
                    queries += 1
                best[better], best_value[better] = points[better], value[better]
                moved |= better
        return best, moved, queries

    def _start(
        self, originals: Float[Tensor, " N ..."], budget: Budget, keys: Int[Tensor, " N"], restart: int
    ) -> Float[Tensor, " N ..."]:
        """Where a restart begins."""
        if not self.random_start:
            return originals
        offset = budget.norm.random_start(originals, budget.radius, keys, seed=self.seed, stream=restart)
        return land(originals, originals + offset, budget)


def _last(
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    budget: Budget,
    condition: Condition | None,
    start: Float[Tensor, " N ..."],
    *,
    steps: int,
    step: float,
    decay: float | None = None,
    batch_size: int | None,
) -> Adversarial:
    """Ascend from the start and return the last iterate."""
    points, begin = torch.empty_like(originals), 0
    # Batch by batch, each to its end: what a step works on stays in the processor's caches.
    for first, rows, count in padded_batches(start, torch.arange(len(start), device=start.device), batch_size):
        last = first
        for iterate, _ in ascent(objective, originals[rows], first, rows, budget, step=step, steps=steps, decay=decay):
            last = iterate
        points[begin : begin + count] = last[:count]
        begin += count
    return concluded(originals, points, budget, condition, gradients=steps, batch_size=batch_size)
