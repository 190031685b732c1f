"""ACE: turn the ranking by confidence upside down without changing a predicted label."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.budget import Budget
from feint.attacks.confidence.backtracking import Backtracking
from feint.attacks.evaluation import gradient, holds
from feint.attacks.norms import Norm
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
    keeps_best = False

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
        originals = budgets[0].admit(inputs)
        slope = gradient(objective, originals, torch.arange(len(inputs), device=inputs.device), batch_size)
        results: dict[int, Adversarial] = {}
        for alike in _alike(budgets):
            shared = [budgets[index] for index in alike]
            found = single_steps(self.search, objective, originals, slope, shared, condition, batch_size)
            results |= dict(zip(alike, found, strict=True))
        return [results[index] for index in range(len(budgets))]


def _alike(budgets: Sequence[Budget]) -> list[list[int]]:
    """The positions of budgets that differ in their radius only, group by group."""
    groups: dict[tuple[Norm, tuple[float, float] | None], list[int]] = {}
    for index, budget in enumerate(budgets):
        groups.setdefault((budget.norm, budget.bounds), []).append(index)
    return list(groups.values())


def single_step(
    search: Search,
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    slope: Float[Tensor, " N ..."],
    budget: Budget,
    condition: Condition | None,
    batch_size: int | None,
) -> Adversarial:
    """The steepest step of one budget's radius; the arguments are those of ``single_steps``."""
    return single_steps(search, objective, originals, slope, [budget], condition, batch_size)[0]


def single_steps(
    search: Search,
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    slope: Float[Tensor, " N ..."],
    budgets: Sequence[Budget],
    condition: Condition | None,
    batch_size: int | None,
) -> list[Adversarial]:
    """The steepest step of each budget's radius, searched along for a point at which the condition holds.

    All radii are searched together: what is still in play at any of them shares the calls of the condition, and so the
    padding of the last.

    Args:
        search: how far to go where the whole step breaks the condition.
        objective: what is raised.
        originals: the inputs, admitted by the budgets.
        slope: the objective's gradient there.
        budgets: how far to go; they differ in their radius only.
        condition: what must hold; None accepts the whole radius.
        batch_size: inputs per call, the last call padded; None for all at once.
    """
    count, times = len(originals), len(budgets)
    rows = torch.arange(count, device=originals.device)
    radii = torch.tensor([budget.radius for budget in budgets], dtype=torch.float64, device=originals.device)
    end = search(
        objective,
        originals.repeat(times, *[1] * (originals.ndim - 1)),
        budgets[0].norm.steepest(slope).repeat(times, *[1] * (originals.ndim - 1)),
        max(budgets, key=lambda budget: budget.radius),
        condition,
        rows=rows.repeat(times),
        radii=radii.repeat_interleave(count),
        batch_size=batch_size,
    )
    feasible, queries = end.found.clone(), end.queries.clone()
    left = (~feasible).nonzero().squeeze(1)
    if condition is not None and len(left):
        at = left % max(count, 1)
        feasible[left] = holds(condition, originals[at], at, batch_size)
        queries[left] += 1
    inputs = end.inputs.reshape(times, *originals.shape)
    return [
        Adversarial(
            inputs=inputs[index],
            radius=budget.norm.size(inputs[index] - originals),
            accepted=end.accepted.reshape(times, count)[index],
            feasible=feasible.reshape(times, count)[index],
            gradients=torch.ones(count, dtype=torch.int64, device=originals.device),
            queries=queries.reshape(times, count)[index],
        )
        for index, budget in enumerate(budgets)
    ]
