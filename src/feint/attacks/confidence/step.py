"""One step in one direction at any number of radii, searched along for a point where a condition holds."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.budget import Budget
from feint.attacks.evaluation import directed, holds
from feint.attacks.norms import Norm
from feint.attacks.search import Search
from feint.protocols import Condition, Objective


def alike(budgets: Sequence[Budget]) -> list[list[int]]:
    """The positions of budgets that differ in their radius only, group by group."""
    groups: dict[tuple[Norm, tuple[float, float] | None], list[int]] = {}
    for index, budget in enumerate(budgets):
        groups.setdefault((budget.norm, budget.bounds), []).append(index)
    return list(groups.values())


def single_steps(
    search: Search,
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    slope: Float[Tensor, " N ..."],
    budgets: Sequence[Budget],
    condition: Condition | None,
    batch_size: int | None,
    *,
    drawn: bool = False,
) -> list[Adversarial]:
    """The steepest step of each budget's radius, searched along for a point at which the condition holds.

    All radii are searched together: what is still in play at any of them shares the calls of the condition, and so the
    padding of the last.

    Args:
        search: how far to go where the whole step breaks the condition.
        objective: what is raised.
        originals: the inputs, admitted by the budgets.
        slope: the objective's gradient there, or what stands in for it.
        budgets: how far to go; they differ in their radius only.
        condition: what must hold; None accepts the whole radius.
        batch_size: inputs per call, the last call padded; None for all at once.
        drawn: whether the slope was drawn rather than computed, and cost no gradient.
    """
    count, times = len(originals), len(budgets)
    still = ~directed(slope)
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
            accepted=end.accepted.reshape(times, count)[index].where(~still, 0),
            feasible=feasible.reshape(times, count)[index],
            gradients=torch.full_like(rows, 0 if drawn else 1),
            queries=queries.reshape(times, count)[index],
            directionless=still,
        )
        for index, budget in enumerate(budgets)
    ]
