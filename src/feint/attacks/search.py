"""How far along one direction: the shape of a search, and what it finds."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.budget import Budget
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True, eq=False)
class Found:
    """Where a search ended, per input.

    Attributes:
        inputs: the points accepted; where nothing was, the starting points.
        accepted: the radius accepted, before clipping; 0 where nothing was.
        found: whether a point along the direction was accepted.
        queries: evaluations of the condition spent.
    """

    inputs: Float[Tensor, " N ..."]
    accepted: Float[Tensor, " N"]
    found: Bool[Tensor, " N"]
    queries: Int[Tensor, " N"]


@runtime_checkable
class Search(Protocol):
    """Chooses a radius along one direction per input, where the condition holds."""

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        direction: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None,
        *,
        rows: Int[Tensor, " N"],
        radii: Float[Tensor, " N"] | None = None,
        batch_size: int | None = None,
    ) -> Found:
        """Search.

        Args:
            objective: what is raised, for searches that compare points by it.
            inputs: where to start from.
            direction: perturbations of norm at most 1.
            budget: the largest radius, its norm and the inputs' bounds.
            condition: what must hold at the point accepted; None for nothing.
            rows: the inputs' positions in the batch that is attacked.
            radii: a largest radius for each input, in float64; None for the budget's.
            batch_size: inputs per call of objective and condition, the last call padded; None for all at once.
        """
        ...


def largest(inputs: Float[Tensor, " N ..."], budget: Budget) -> Float[Tensor, " N"]:
    """The budget's radius for each input, in float64."""
    return torch.full((len(inputs),), budget.radius, dtype=torch.float64, device=inputs.device)


def along(
    inputs: Float[Tensor, " N ..."], direction: Float[Tensor, " N ..."], radii: Float[Tensor, " N"]
) -> Float[Tensor, " N ..."]:
    """Inputs + radius x direction, not clipped."""
    return inputs + radii.to(inputs.dtype).reshape(-1, *[1] * (inputs.ndim - 1)) * direction
