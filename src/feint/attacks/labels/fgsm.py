"""FGSM: one steepest step of the whole radius."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import concluded, land
from feint.attacks.budget import Budget
from feint.attacks.evaluation import directed, gradient
from feint.attacks.norms import NormName, checked_norm
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class FGSM:
    """The fast gradient (sign) method: x + radius x steepest(gradient), clipped to the bounds.

    In L-inf it is FGSM; in L2 the step along the gradient is also known as FGM. It runs without a condition, as a rule:
    success is judged outside, on fresh draws. A condition is checked at the end, and undoes the step where it fails.

    Attributes:
        norm: what the radius measures, "linf" or "l2".

    Reference: Goodfellow, Shlens & Szegedy 2015, "Explaining and Harnessing Adversarial Examples", section 4.
    """

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
        """Attack at several radii with a single gradient, as ``ACE.grid`` does.

        Returns:
            One result per budget; each counts the one gradient that it would need on its own.
        """
        if not budgets:
            return []
        for budget in budgets:
            budget.expect(self.norm)
        originals = [budget.admit(inputs) for budget in budgets]
        slope = gradient(objective, originals[0], torch.arange(len(inputs), device=inputs.device), batch_size)
        still = ~directed(slope)
        results: list[Adversarial] = []
        for original, budget in zip(originals, budgets, strict=True):
            points = land(original, original + budget.radius * budget.norm.steepest(slope), budget)
            results.append(
                concluded(original, points, budget, condition, gradients=1, batch_size=batch_size, still=still)
            )
        return results
