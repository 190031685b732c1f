"""Random signs: the baseline, how far a step goes that nothing guides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.budget import Budget
from feint.attacks.confidence.backtracking import Backtracking
from feint.attacks.confidence.bisection import Bisection
from feint.attacks.confidence.step import alike, single_steps
from feint.keyed import uniforms
from feint.protocols import Condition, Objective

SIGNS = 2**21
"""The stream of signs: apart from those of random starts and targets with the same seed."""


@final
@dataclass(frozen=True)
class RandomSigns:
    """x + radius x s, each component of s drawn from {-1, 1}; shrunk, as ``ACE`` does, until the condition holds.

    What an attack does beyond this, it owes to its gradient. The objective is not asked, but by a search that compares
    points by it. An input has the same signs at every radius.

    Attributes:
        search: what is done where the full step breaks the condition: ``Backtracking`` or ``Bisection``.
        seed: of the signs, which are keyed by seed and sample.
    """

    search: Backtracking | Bisection = field(default_factory=Backtracking)
    seed: int = 0

    distance: ClassVar[Distance] = "linf"
    raises: ClassVar[Raises] = "loss"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = False
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = False

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
        """Attack at one radius; the arguments are those of ``Attack``."""
        return self.grid(objective, inputs, [budget], condition, batch_size=batch_size, samples=samples)[0]

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
        """Attack at several radii, searched together; the arguments are those of ``over_radii``."""
        if not budgets:
            return []
        originals = budgets[0].admit(inputs)
        keys = torch.arange(len(originals), device=originals.device) if samples is None else samples
        signs = self._signs(originals, keys)
        results: dict[int, Adversarial] = {}
        for positions in alike(budgets):
            shared = [budgets[index] for index in positions]
            found = single_steps(self.search, objective, originals, signs, shared, condition, batch_size, drawn=True)
            results |= dict(zip(positions, found, strict=True))
        return [results[index] for index in range(len(budgets))]

    def _signs(self, like: Float[Tensor, " N ..."], keys: Int[Tensor, " N"]) -> Float[Tensor, " N ..."]:
        """One of -1 and 1 for every component of every input."""
        signs = torch.empty_like(like)
        for row, key in enumerate(keys):  # one by one: the draws are float64, eight bytes for each component
            drawn = uniforms(key[None], like[:1].numel(), seed=self.seed, stream=SIGNS)
            signs[row] = torch.where(drawn < 0.5, -1.0, 1.0).reshape(like.shape[1:])
        return signs
