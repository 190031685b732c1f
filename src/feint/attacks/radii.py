"""Any attack at several radii, with as few gradients as it needs."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Attack
from feint.attacks.budget import Budget
from feint.attacks.norms import NORMS
from feint.protocols import Condition, Objective


@runtime_checkable
class Shares(Protocol):
    """What an attack has beside the rest where several radii share gradients."""

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
        """Attack at several radii; each result counts the gradients that it would need on its own."""
        ...


def over_radii(
    attack: Attack,
    objective: Objective,
    inputs: Float[Tensor, " N ..."],
    budgets: Sequence[Budget],
    condition: Condition | None = None,
    *,
    batch_size: int | None = None,
    samples: Int[Tensor, " N"] | None = None,
) -> list[Adversarial]:
    """Attack at several radii: by the attack's own ``grid`` where it has one, else one after the other.

    Args:
        attack: any.
        objective: what is raised, per input.
        inputs: the originals, inside the budgets' bounds.
        budgets: the radii.
        condition: what must hold at the returned points; None for nothing.
        batch_size: inputs per call, the last call padded; None for all at once.
        samples: the inputs' indices in their data set; 0 to N - 1 where not given.

    Returns:
        One result per budget, equal to what the attack gives at that budget alone.
    """
    if isinstance(attack, Shares):
        return attack.grid(objective, inputs, budgets, condition, batch_size=batch_size, samples=samples)
    return [attack(objective, inputs, budget, condition, batch_size=batch_size, samples=samples) for budget in budgets]


def budget_for(attack: Attack, radius: float, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Budget:
    """A radius in the attack's own distance, as a budget. Of a perceptual distance the budget's norm plays no part.

    >>> from feint.attacks import FGSM
    >>> budget_for(FGSM(norm="l2"), 0.5).norm
    L2()
    """
    return Budget(radius, NORMS["l2" if attack.distance == "l2" else "linf"], bounds)
