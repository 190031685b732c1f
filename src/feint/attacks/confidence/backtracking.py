"""Shrink the step until the condition holds."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds, values
from feint.attacks.search import Found, along, largest
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class Backtracking:
    """Try the radius, then radius x decay, radius x decay^2, ...

    Attributes:
        decay: the factor between two tries, in (0, 1).
        tries: the most radii tried; after that many failures the starting point is returned.
        accept: "first" takes the first radius at which the condition holds (the paper's); "best" tries all of them and
            takes, of those at which it holds, the one where the objective is highest.

    Raises:
        AttackError: values outside these ranges.

    Reference: Galil & El-Yaniv 2021, algorithm 1 (decay 0.5, at most 15 tries, the first).
    """

    decay: float = 0.5
    tries: int = 15
    accept: Literal["first", "best"] = "first"

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise AttackError(f"decay: expected a number between 0 and 1, got {self.decay}")
        if self.tries < 1:
            raise AttackError(f"tries: expected at least 1, got {self.tries}")
        if self.accept not in ("first", "best"):
            raise AttackError(f"accept: expected 'first' or 'best', got {self.accept!r}")

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
        """Search along one direction per input; the arguments are those of ``Search``.

        Only inputs still in play are evaluated again, packed together into full batches. Where a few are left, what
        would be padding goes to their next tries; ``queries`` counts those up to the one accepted.
        """
        radii = largest(inputs, budget) if radii is None else radii
        points = inputs.clone()
        accepted = torch.zeros(len(inputs), dtype=torch.float64, device=inputs.device)
        found = torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device)
        queries = torch.zeros(len(inputs), dtype=torch.int64, device=inputs.device)
        highest = torch.full_like(accepted, -math.inf)
        play = torch.arange(len(inputs), device=inputs.device)
        attempt = 0
        while attempt < self.tries and len(play):
            several = self._at_once(len(play), batch_size, attempt)
            factors = [self.decay**each for each in range(attempt, attempt + several)]
            tried = torch.cat([radii[play] * factor for factor in factors])
            which = play.repeat(several)
            candidates = budget.clip(along(inputs[which], direction[which], tried))
            good = torch.ones_like(which, dtype=torch.bool)
            if condition is not None:
                good = holds(condition, candidates, rows[which], batch_size)
            good = good.reshape(several, -1)
            met = good.any(dim=0)
            first = good.int().argmax(dim=0)  # of equal ones, the first
            if condition is not None:
                queries[play] += torch.where(met, first + 1, several)
            found[play[met]] = True
            at = (first * len(play) + torch.arange(len(play), device=play.device))[met]
            chosen, candidates, tried = play[met], candidates[at], tried[at]
            if self.accept == "best":
                level = values(objective, candidates, rows[chosen], batch_size)
                higher = level > highest[chosen]
                chosen, candidates, tried = chosen[higher], candidates[higher], tried[higher]
                highest[chosen] = level[higher]
            else:
                play = play[~met]
            points[chosen] = candidates
            accepted[chosen] = tried
            attempt += several
        return Found(points, accepted, found, queries)

    def _at_once(self, count: int, batch_size: int | None, attempt: int) -> int:
        """How many tries of so many inputs a batch has room for; one where all of them are compared."""
        if batch_size is None or self.accept == "best":
            return 1
        return max(1, min(batch_size // count, self.tries - attempt))
