"""BIM and MIM: many small steepest steps inside the ball.

They run without a condition, as a rule: success is judged outside, on fresh draws. Where one is given, the last iterate
at which it holds is returned; where it holds at none, the original. The steps themselves go on through points at which
it does not hold.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import ascent, checked_steps, concluded
from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds
from feint.attacks.norms import NormName, checked_norm
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
        norm: what the radius measures, "linf" or "l2".
        reach: how far all steps go together, in radii: above 1 leaves room to go back.

    Raises:
        AttackError: values outside these ranges.

    Reference: Kurakin, Goodfellow & Bengio 2017, "Adversarial Examples in the Physical World", section 2.2.
    """

    steps: int = 10
    step: float | None = None
    norm: NormName = "linf"
    reach: float = 1.0

    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)
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
        """Attack; the arguments are those of ``Attack``, and `samples` is not used: nothing is drawn."""
        budget.expect(self.norm)
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        originals = budget.admit(inputs)
        return last_iterate(
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
        norm: what the radius measures, "linf" or "l2".
        reach: how far all steps go together, in radii: above 1 leaves room to go back.

    Raises:
        AttackError: values outside these ranges.

    Reference: Dong et al. 2018, "Boosting Adversarial Attacks with Momentum", algorithm 1 (decay 1.0).
    """

    steps: int = 10
    step: float | None = None
    decay: float = 1.0
    norm: NormName = "linf"
    reach: float = 1.0

    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step, self.reach)
        if not 0 <= self.decay < float("inf"):
            raise AttackError(f"decay: expected a finite number of at least 0, got {self.decay}")
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
        """Attack; the arguments are those of ``Attack``, and `samples` is not used: nothing is drawn."""
        budget.expect(self.norm)
        step = self.reach * budget.radius / self.steps if self.step is None else self.step
        originals = budget.admit(inputs)
        return last_iterate(
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


def last_iterate(
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
    """Ascend from the start and return the last iterate, or the last at which the condition holds."""
    points, begin = torch.empty_like(originals), 0
    moved, still = (torch.zeros(len(originals), dtype=torch.bool, device=originals.device) for _ in "ms")
    # Batch by batch, each to its end: what a step works on stays in the processor's caches.
    for first, rows, count in padded_batches(start, torch.arange(len(start), device=start.device), batch_size):
        centre = originals[rows]
        last, going = centre.clone(), torch.zeros_like(rows, dtype=torch.bool)
        lost = torch.ones_like(going)
        climb = ascent(objective, centre, first, rows, budget, step=step, steps=steps, decay=decay)
        for number, (iterate, _, led) in enumerate(climb):
            if led is not None:
                lost &= ~led
            if condition is None:
                last = iterate
            elif number:  # the first is where the steps begin
                good = holds(condition, iterate, rows, None)
                last[good] = iterate[good]
                going |= good
        part = slice(begin, begin + count)
        points[part], moved[part], still[part] = last[:count], going[:count], lost[:count]
        begin += count
    return concluded(
        originals,
        points,
        budget,
        condition,
        gradients=steps,
        batch_size=batch_size,
        still=still,
        moved=None if condition is None else moved,
        queries=0 if condition is None else steps,
    )
