"""Shrink the step until the condition holds."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks.adversarial import Adversarial
from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds
from feint.errors import AttackError
from feint.protocols import Condition


@final
@dataclass(frozen=True)
class Backtracking:
    """Try the radius, then radius x decay, radius x decay^2, ...: the first at which the condition holds is accepted.

    Attributes:
        decay: the factor between two tries, in (0, 1).
        tries: the most radii tried; after that many failures the original is returned.

    Raises:
        AttackError: values outside these ranges.

    Reference: Galil & El-Yaniv 2021, algorithm 1 (decay 0.5, at most 15 tries).
    """

    decay: float = 0.5
    tries: int = 15

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise AttackError(f"decay: expected a number between 0 and 1, got {self.decay}")
        if self.tries < 1:
            raise AttackError(f"tries: expected at least 1, got {self.tries}")

    def __call__(
        self,
        inputs: Float[Tensor, " N ..."],
        direction: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None,
        *,
        gradients: int,
        batch_size: int | None = None,
    ) -> Adversarial:
        """Search along one direction per input.

        Only inputs still in play are evaluated again, packed together into full batches.

        Args:
            inputs: the originals.
            direction: perturbations of norm 1.
            budget: the radius to begin with, its norm and the inputs' bounds.
            condition: what must hold; None accepts the whole radius.
            gradients: what the direction cost, for the record.
            batch_size: inputs per call of the condition, the last call padded; None for all at once.
        """
        count = len(inputs)
        attacked = inputs.clone()
        accepted = torch.zeros(count, dtype=torch.float64, device=inputs.device)
        queries = torch.zeros(count, dtype=torch.int64, device=inputs.device)
        rows = torch.arange(count, device=inputs.device)
        for attempt in range(self.tries):
            if not len(rows):
                break
            radius = budget.radius * self.decay**attempt
            candidates = budget.clip(inputs[rows] + radius * direction[rows])
            if condition is None:
                good = torch.ones_like(rows, dtype=torch.bool)
            else:
                good = holds(condition, candidates, rows, batch_size)
                queries[rows] += 1
            attacked[rows[good]] = candidates[good]
            accepted[rows[good]] = radius
            rows = rows[~good]
        feasible = torch.ones(count, dtype=torch.bool, device=inputs.device)
        if condition is not None and len(rows):
            feasible[rows] = holds(condition, inputs[rows], rows, batch_size)
            queries[rows] += 1
        return Adversarial(
            inputs=attacked,
            radius=budget.norm.size(attacked - inputs),
            accepted=accepted,
            feasible=feasible,
            gradients=torch.full_like(queries, gradients),
            queries=queries,
        )
