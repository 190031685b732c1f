"""ACE: turn the ranking by confidence upside down without changing a predicted label."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.backtracking import Backtracking
from feint.attacks.budget import Budget
from feint.attacks.evaluation import gradient
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class ACE:
    """Attack on Confidence Estimation: one steepest step, shrunk until the condition holds.

    It becomes the paper's attack with ``objectives.disrupt_confidence`` (confidence in the victim's own prediction, up
    where it is wrong, down where it is right) and ``objectives.keeps_label`` (the victim's label is kept).

    Attributes:
        search: what is done where the full step breaks the condition.

    Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", algorithm 1.
    """

    search: Backtracking = field(default_factory=Backtracking)
    keeps_best: ClassVar[bool] = False

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
    ) -> Adversarial:
        """Attack at one radius; the arguments are those of ``Attack``."""
        return self.grid(objective, inputs, [budget], condition, batch_size=batch_size)[0]

    def grid(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budgets: Sequence[Budget],
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
    ) -> list[Adversarial]:
        """Attack at several radii with a single gradient: the steepest direction does not depend on the radius.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budgets' bounds.
            budgets: the radii; budgets of one norm share the gradient's direction.
            condition: what must hold at the returned point.
            batch_size: inputs per call, the last call padded; None for all at once.

        Returns:
            One result per budget; each counts the one gradient that it would need on its own.
        """
        if not budgets:
            return []
        originals = [budget.admit(inputs) for budget in budgets]
        slope = gradient(objective, originals[0], torch.arange(len(inputs), device=inputs.device), batch_size)
        return [
            self.search(original, budget.norm.steepest(slope), budget, condition, gradients=1, batch_size=batch_size)
            for original, budget in zip(originals, budgets, strict=True)
        ]
