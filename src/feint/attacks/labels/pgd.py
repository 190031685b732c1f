"""PGD: many small steepest steps from random points of the ball, and the best point on the way."""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import ascent, checked_steps, concluded, land
from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds, values
from feint.attacks.labels.iterated import last_iterate
from feint.attacks.norms import NormName, checked_norm
from feint.batching import padded_batches
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class PGD:
    """Projected gradient ascent from random points of the ball; per input, the best point seen is returned.

    Iterates of all restarts and the original compete by the objective's value, so the result is never below the
    original on the same draws (against fresh draws per call, values are compared across draws). That takes two more
    passes forward, for the values of the original and of the last iterate. With keep="last" neither is asked, and the
    last iterate is returned whatever its value. With a condition only points at which it holds count.

    Attributes:
        steps: how many per restart, at least 1.
        step: the norm of each, in the inputs' unit; None for reach x radius / steps.
        restarts: how many random starts, at least 1.
        random_start: False to begin at the original (one restart only).
        start: how far from the original a random start may lie, in the inputs' unit; None for the whole radius.
        seed: of the random starts, which are keyed by seed, restart and sample.
        keep: "best" of all points, or the "last" iterate (one restart only), as foolbox and torchattacks do.
        norm: what the radius measures, "linf" or "l2".
        reach: how far all steps of a restart go together, in radii.

    Raises:
        AttackError: values outside these ranges.

    Reference: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks", section 2.1.
    """

    steps: int = 10
    step: float | None = None
    restarts: int = 1
    random_start: bool = True
    start: float | None = None
    seed: int = 0
    keep: Literal["best", "last"] = "best"
    norm: NormName = "linf"
    reach: float = 2.5

    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)
        if self.restarts < 1:
            raise AttackError(f"restarts: expected at least 1, got {self.restarts}")
        if self.restarts > 1 and not self.random_start:
            raise AttackError(f"restarts: expected 1 where every start is the original, got {self.restarts}")
        if self.start is not None and not 0 < self.start < float("inf"):
            raise AttackError(f"start: expected a finite number above 0, or None, got {self.start}")
        if self.start is not None and not self.random_start:
            raise AttackError(f"start: expected None where every start is the original, got {self.start:g}")
        if self.keep not in ("best", "last"):
            raise AttackError(f"keep: expected 'best' or 'last', got {self.keep!r}")
        if self.restarts > 1 and self.keep == "last":
            raise AttackError(f"restarts: expected 1 where the last iterate is kept, got {self.restarts}")
        checked_norm(self.norm)

    @property
    def distance(self) -> Distance:
        """The norm."""
        return self.norm

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
        budget.expect(self.norm)
        originals = budget.admit(inputs)
        rows = torch.arange(len(originals), device=originals.device)
        keys = rows if samples is None else samples
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        if self.keep == "last":
            start = self._start(originals, budget, keys, 0)
            return last_iterate(
                objective, originals, budget, condition, start, steps=self.steps, step=step, batch_size=batch_size
            )
        found, moved = torch.empty_like(originals), torch.zeros_like(rows, dtype=torch.bool)
        still = torch.zeros_like(moved)
        queries = begin = 0
        for batch, which, count in padded_batches(originals, rows, batch_size):
            best, better, lost, queries = self._climb(objective, batch, which, keys[which], budget, condition, step)
            part = slice(begin, begin + count)
            found[part], moved[part], still[part] = best[:count], better[:count], lost[:count]
            begin += count
        return concluded(
            originals,
            found,
            budget,
            condition,
            gradients=self.restarts * self.steps,
            batch_size=batch_size,
            still=still,
            moved=moved,
            queries=queries,
        )

    def _climb(
        self,
        objective: Objective,
        originals: Float[Tensor, " N ..."],
        rows: Int[Tensor, " N"],
        keys: Int[Tensor, " N"],
        budget: Budget,
        condition: Condition | None,
        step: float,
    ) -> tuple[Float[Tensor, " N ..."], Bool[Tensor, " N"], Bool[Tensor, " N"], int]:
        """All restarts for one batch.

        Returns:
            The best points, whether they are not the originals, whether no gradient said where to go, and the queries
            of each input.
        """
        best, best_value, moved = originals.clone(), None, torch.zeros_like(rows, dtype=torch.bool)
        still = torch.ones_like(moved)
        if self.random_start:
            best_value = values(objective, originals, rows, None)
        queries = 0
        for restart in range(self.restarts):
            start = self._start(originals, budget, keys, restart)
            for points, seen, led in ascent(objective, originals, start, rows, budget, step=step, steps=self.steps):
                value = values(objective, points, rows, None) if seen is None else seen
                if led is not None:
                    still &= ~led
                if best_value is None:  # the first point is the original
                    best_value = value
                    continue
                better = value > best_value
                if condition is not None:
                    better &= holds(condition, points, rows, None)
                    queries += 1
                best[better], best_value[better] = points[better], value[better]
                moved |= better
        return best, moved, still, queries

    def _start(
        self, originals: Float[Tensor, " N ..."], budget: Budget, keys: Int[Tensor, " N"], restart: int
    ) -> Float[Tensor, " N ..."]:
        """Where a restart begins."""
        if not self.random_start:
            return originals
        far = budget.radius if self.start is None else min(self.start, budget.radius)
        offset = budget.norm.random_start(originals, far, keys, seed=self.seed, stream=restart)
        return land(originals, originals + offset, budget)
