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
from feint.attacks.evaluation import gradient, holds
from feint.attacks.search import Search
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class ACE:
    """Attack on Confidence Estimation: one steepest step, shrunk until the condition holds.

    It becomes the paper's attack with ``objectives.disrupt_confidence`` (confidence in the victim's own prediction, up
    where it is wrong, down where it is right) and ``objectives.keeps_label`` (the victim's label is kept).

    Attributes:
        search: what is done where the full step breaks the condition: ``Backtracking`` (the paper's) or ``Bisection``.

    Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", algorithm 1.
    """

    search: Search = field(default_factory=Backtracking)
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
            single_step(self.search, objective, original, slope, budget, condition, batch_size)
            for original, budget in zip(originals, budgets, strict=True)
        ]


def single_step(
    search: Search,
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    slope: Float[Tensor, " N ..."],
    budget: Budget,
    condition: Condition | None,
    batch_size: int | None,
) -> Adversarial:
    """The steepest step of the budget's radius, searched along for a point at which the condition holds.

    Args:
        search: how far to go where the whole step breaks the condition.
        objective: what is raised.
        originals: the inputs, admitted by the budget.
        slope: the objective's gradient there.
        budget: how far to go.
        condition: what must hold; None accepts the whole radius.
        batch_size: inputs per call, the last call padded; None for all at once.
    """
    rows = torch.arange(len(originals), device=originals.device)
    direction = budget.norm.steepest(slope)
    end = search(objective, originals, direction, budget, condition, rows=rows, batch_size=batch_size)
    feasible, queries = end.found.clone(), end.queries.clone()
    left = rows[~feasible]
    if condition is not None and len(left):
        feasible[left] = holds(condition, originals[left], left, batch_size)
        queries[left] += 1
    return Adversarial(
        inputs=end.inputs,
        radius=budget.norm.size(end.inputs - originals),
        accepted=end.accepted,
        feasible=feasible,
        gradients=torch.ones_like(queries),
        queries=queries,
    )
