"""What attacks by gradient ascent share: landing inside a budget, the steps, and the result they return."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.budget import Budget
from feint.attacks.evaluation import directed, holds, value_and_gradient
from feint.attacks.norms import summed
from feint.errors import AttackError
from feint.protocols import Condition, Objective


def land(
    originals: Float[Tensor, " N ..."], points: Float[Tensor, " N ..."], budget: Budget
) -> Float[Tensor, " N ..."]:
    """The points, brought into the budget's ball around the originals and into its bounds, in this order.

    The bounds hold the original, so clipping never lengthens a perturbation.
    """
    return budget.clip(originals + budget.norm.project(points - originals, budget.radius))


def ascent(
    objective: Objective,
    originals: Float[Tensor, " N ..."],
    start: Float[Tensor, " N ..."],
    rows: Int[Tensor, " N"],
    budget: Budget,
    *,
    step: float,
    steps: int,
    decay: float | None = None,
) -> Iterator[tuple[Float[Tensor, " N ..."], Float[Tensor, " N"] | None, Bool[Tensor, " N"] | None]]:
    """Steepest steps inside a budget, all inputs in one call: x <- land(x + step x steepest(gradient)).

    Args:
        objective: what is raised, per input.
        originals: the centres of the budget's balls.
        start: where to begin.
        rows: the inputs' positions in the batch that is attacked.
        budget: the ball and the bounds.
        step: the norm of a step.
        steps: how many.
        decay: None for the gradient as it is; else steps follow momentum <- decay x momentum + gradient / |gradient|_1.

    Yields:
        The start, its value and whether its gradient says where to go, then every iterate with the same; None for the
        last one's, which nothing has evaluated.
    """
    points, momentum = start, None
    for _ in range(steps):
        value, slope = value_and_gradient(objective, points, rows, None)
        yield points, value, directed(slope)
        if decay is not None:
            length = summed(slope.flatten(1).abs()).clamp_min(torch.finfo(slope.dtype).tiny)
            slope = slope / length.reshape(-1, *[1] * (slope.ndim - 1))
            slope = momentum = slope if momentum is None else decay * momentum + slope
        points = land(originals, points + step * budget.norm.steepest(slope), budget)
    yield points, None, None


def concluded(
    originals: Float[Tensor, " N ..."],
    points: Float[Tensor, " N ..."],
    budget: Budget,
    condition: Condition | None,
    *,
    gradients: int,
    batch_size: int | None,
    still: Bool[Tensor, " N"],
    moved: Bool[Tensor, " N"] | None = None,
    queries: int = 0,
) -> Adversarial:
    """The result: points where the condition holds, the original elsewhere.

    Args:
        originals: the originals.
        points: what the attack found, inside the budget.
        budget: the budget.
        condition: what must hold; None keeps every point.
        gradients: gradients spent on each input.
        batch_size: inputs per call of the condition, the last call padded; None for all at once.
        still: where no gradient said where to go.
        moved: whether a point is the attack's rather than the original, chosen on the way from points at which the
            condition holds; None if all are the attack's, and the condition has not been asked there.
        queries: of the condition, spent on each input on the way.
    """
    count = len(originals)
    rows = torch.arange(count, device=originals.device)
    asked = torch.full_like(rows, queries)
    feasible = torch.ones(count, dtype=torch.bool, device=originals.device)
    accepted = torch.full((count,), budget.radius, dtype=torch.float64, device=originals.device)
    if condition is not None:
        if moved is None:
            moved = holds(condition, points, rows, batch_size)
            asked += 1
        lost = rows[~moved]
        if len(lost):
            points = points.clone()
            points[lost] = originals[lost]
            feasible[lost] = holds(condition, originals[lost], lost, batch_size)
            asked[lost] += 1
    if moved is not None:
        accepted[~moved] = 0
    accepted[still] = 0
    return Adversarial(
        inputs=points,
        radius=budget.norm.size(points - originals),
        accepted=accepted,
        feasible=feasible,
        gradients=torch.full_like(rows, gradients),
        queries=asked,
        directionless=still,
    )


def checked_steps(steps: int, step: float | None, reach: float = 1.0) -> None:
    """Raise an AttackError for settings that no iterated attack can have."""
    if steps < 1:
        raise AttackError(f"steps: expected at least 1, got {steps}")
    if step is not None and not 0 < step < float("inf"):
        raise AttackError(f"step: expected a finite number above 0, or None, got {step}")
    if not 0 < reach < float("inf"):
        raise AttackError(f"reach: expected a finite number above 0, got {reach}")
