"""How far along one direction: the shape of a search, and what it finds."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

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
            batch_size: inputs per call of objective and condition, the last call padded; None for all at once.
        """
        ...
