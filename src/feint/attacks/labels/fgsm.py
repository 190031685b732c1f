"""FGSM: one steepest step of the whole radius."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.ascent import concluded, land
from feint.attacks.budget import Budget
from feint.attacks.evaluation import gradient
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class FGSM:
    """The fast gradient (sign) method: x + radius x steepest(gradient), clipped to the bounds.

    In L-inf it is FGSM; in L2 the step along the gradient is also known as FGM. It runs without a condition, as a rule:
    success is judged outside, on fresh draws. A condition is checked at the end, and undoes the step where it fails.

    Reference: Goodfellow, Shlens & Szegedy 2015, "Explaining and Harnessing Adversarial Examples", section 4.
    """

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
        """Attack at several radii with a single gradient, as ``ACE.grid`` does.

        Returns:
            One result per budget; each counts the one gradient that it would need on its own.
        """
        if not budgets:
            return []
        originals = [budget.admit(inputs) for budget in budgets]
        slope = gradient(objective, originals[0], torch.arange(len(inputs), device=inputs.device), batch_size)
        results: list[Adversarial] = []
        for original, budget in zip(originals, budgets, strict=True):
            points = land(original, original + budget.radius * budget.norm.steepest(slope), budget)
            results.append(concluded(original, points, budget, condition, gradients=1, batch_size=batch_size))
        return results
