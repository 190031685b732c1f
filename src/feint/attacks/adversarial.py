"""What an attack returns, and the shape of an attack."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.budget import Budget
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True, eq=False)
class Adversarial:
    """Attacked inputs and what they cost, per input.

    Attributes:
        inputs: the attacked inputs; the original where no feasible point was found.
        radius: the measured norm of (attacked - original), in the inputs' unit.
        accepted: the radius that the attack settled on before clipping (ACE's effective epsilon); 0 where it gave up
            and returned the original.
        feasible: whether the condition holds at the returned point; all True without a condition.
        gradients: gradients of the objective spent.
        queries: evaluations of the condition spent.
    """

    inputs: Float[Tensor, " N ..."]
    radius: Float[Tensor, " N"]
    accepted: Float[Tensor, " N"]
    feasible: Bool[Tensor, " N"]
    gradients: Int[Tensor, " N"]
    queries: Int[Tensor, " N"]


@runtime_checkable
class Attack(Protocol):
    """Raises an objective within a budget, ending where a condition holds. It sees callables, never a network."""

    @property
    def keeps_best(self) -> bool:
        """Whether the returned point is never worse than the original, on the same draws."""
        ...

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
        """Attack.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budget's bounds.
            budget: how far to go.
            condition: what must hold at the returned point; None for nothing.
            batch_size: inputs per call of the objective and the condition, the last call padded; None for all at once.
            samples: the inputs' indices in their data set, which key what an attack draws; 0 to N - 1 where not given.
        """
        ...
