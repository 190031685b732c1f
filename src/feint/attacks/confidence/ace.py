"""ACE: turn the ranking by confidence upside down without changing a predicted label."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.budget import Budget
from feint.attacks.confidence.backtracking import Backtracking
from feint.attacks.confidence.bisection import Bisection
from feint.attacks.confidence.step import alike, single_steps
from feint.attacks.evaluation import gradient
from feint.attacks.norms import NormName, checked_norm
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class ACE:
    """Attack on Confidence Estimation: one steepest step, shrunk until the condition holds.

    It becomes the paper's attack with ``objectives.disrupt_confidence`` (confidence in the victim's own prediction, up
    where it is wrong, down where it is right) and ``objectives.keeps_label`` (the victim's label is kept).

    Attributes:
        search: what is done where the full step breaks the condition: ``Backtracking`` (the paper's) or ``Bisection``.
        norm: what the radius measures, "linf" or "l2".

    Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", algorithm 1.
    """

    search: Backtracking | Bisection = field(default_factory=Backtracking)
    norm: NormName = "linf"

    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
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
        """Attack at several radii with a single gradient: the steepest direction does not depend on the radius.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budgets' bounds.
            budgets: the radii; budgets of one norm share the gradient's direction.
            condition: what must hold at the returned point.
            batch_size: inputs per call, the last call padded; None for all at once.
            samples: not used.

        Returns:
            One result per budget; each counts the one gradient that it would need on its own.
        """
        if not budgets:
            return []
        for budget in budgets:
            budget.expect(self.norm)
        originals = budgets[0].admit(inputs)
        slope = gradient(objective, originals, torch.arange(len(inputs), device=inputs.device), batch_size)
        results: dict[int, Adversarial] = {}
        for positions in alike(budgets):
            shared = [budgets[index] for index in positions]
            found = single_steps(self.search, objective, originals, slope, shared, condition, batch_size)
            results |= dict(zip(positions, found, strict=True))
        return [results[index] for index in range(len(budgets))]
