"""Square: random search by squares of extreme changes, without a gradient."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import land
from feint.attacks.budget import Budget
from feint.attacks.evaluation import holds, values
from feint.attacks.norms import Linf
from feint.errors import AttackError
from feint.keyed import uniforms
from feint.protocols import Condition, Objective

STRIPES = 2**22
"""The stream of the stripes, those of the squares after it: apart from all others with the same seed."""

SCHEDULE = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""After how many of 10,000 proposals the share of pixels is halved, as in the paper; fewer keep the proportions."""


@final
@dataclass(frozen=True)
class Square:
    """Random search in L-infinity: a square of random place gets, channel by channel, a change of -2 or 2 radii.

    From vertical stripes of -radius and radius on, a proposal, brought back into the ball and the bounds, is taken
    where it raises the objective. The squares cover a ``share`` of the pixels, which shrinks by the paper's schedule.
    Where an objective says at which value it has succeeded (a margin: above 0), an input is done when it has; others
    are raised to the last query. A point that changes nothing is not asked.

    With a condition the search stays where it holds once it is there, and from an original at which it holds it does
    not leave: proposals that raise the objective and break it are passed over. Returned is where the search ended, or
    the original where that is not better.

    Attributes:
        queries: the most points at which the victim is asked about an input, the original one of them, at least 1.
        share: of an input's pixels that the first squares cover, above 0 and at most 1.
        seed: of the places and signs, which are keyed by seed, sample and proposal.

    Raises:
        AttackError: values outside these ranges; when called, a budget in another norm, or inputs that are no pictures.

    Reference: Andriushchenko, Croce, Flammarion & Hein 2020, "Square Attack: a Query-Efficient Black-Box Adversarial
    Attack via Random Search", algorithms 1 and 2. There it runs for 10,000 queries (in AutoAttack, 5,000).
    """

    queries: int = 500
    share: float = 0.8
    seed: int = 0

    distance: ClassVar[Distance] = "linf"
    raises: ClassVar[Raises] = "margin"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = False
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.queries < 1:
            raise AttackError(f"queries: expected at least 1, got {self.queries}")
        if not 0 < self.share <= 1:
            raise AttackError(f"share: expected a number above 0 and at most 1, got {self.share}")

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
        """Attack; the arguments are those of ``Attack``."""
        if not isinstance(budget.norm, Linf):
            raise AttackError(f"budget: this attack changes pixels by the radius, got one in {budget.norm}")
        originals = budget.admit(inputs)
        if originals.ndim != 4:
            raise AttackError(
                f"inputs: this attack expects pictures (N, channels, height, width), got shape {tuple(inputs.shape)}"
            )
        walk = _Walk(objective, originals, condition, batch_size)
        rows = walk.begin()
        keys = torch.arange(len(originals), device=originals.device) if samples is None else samples
        for number in range(self.queries - 1):
            if not len(rows):
                break
            centre, own = originals[rows], keys[rows]
            if number == 0:
                change = budget.radius * _stripes(centre, own, self.seed)
                rows = walk.offer(land(centre, centre + change, budget), rows, anyhow=True)
                continue
            here, passed = walk.points[rows], (number - 1) / max(self.queries - 2, 1)
            change = 2 * budget.radius * _squares(centre, own, self.side(originals, passed), self.seed, number)
            rows = walk.offer(land(centre, here + change, budget), rows)
        return walk.result(budget)

    def side(self, images: Float[Tensor, " N channels height width"], passed: float) -> int:
        """The side of a square, in pixels, after a share of all proposals."""
        height, width = images.shape[2:]
        share = self.share / 2 ** sum(int(10_000 * passed) > step for step in SCHEDULE)
        return min(max(round(math.sqrt(share * height * width)), 1), height, width)


@final
class _Walk:
    """Where each input is, what that is worth, and what it cost."""

    def __init__(
        self, objective: Objective, originals: Float[Tensor, " N ..."], condition: Condition | None, size: int | None
    ) -> None:
        self._objective, self._condition, self._size = objective, condition, size
        self._originals, self.points = originals, originals.clone()
        self._queries = torch.zeros(len(originals), dtype=torch.int64, device=originals.device)
        enough: float | None = getattr(objective, "success", None)
        self._enough = math.inf if enough is None else enough

    def begin(self) -> Int[Tensor, " n"]:
        """Ask about the originals; the rows of those that have not succeeded already."""
        rows = torch.arange(len(self._originals), device=self._originals.device)
        self._start = values(self._objective, self._originals, rows, self._size)
        self._fine = self._holds(self._originals, rows)
        self._queries += 1
        self._level, self._good = self._start.clone(), self._fine.clone()
        return rows[~self._done(rows)]

    def offer(
        self, points: Float[Tensor, " n ..."], rows: Int[Tensor, " n"], *, anyhow: bool = False
    ) -> Int[Tensor, " left"]:
        """Go to those points that are better; to all that break no condition, if `anyhow`.

        Returns:
            The rows of inputs that have not succeeded yet.
        """
        new = (points != self.points[rows]).flatten(1).any(dim=1)
        asked, points = rows[new], points[new]
        level = values(self._objective, points, asked, self._size)
        self._queries[asked] += 1
        higher = (level > self._level[asked]) | anyhow
        taken, points, level = asked[higher], points[higher], level[higher]
        good = self._holds(points, taken)
        kept = good | ~self._good[taken]
        taken, points, level, good = taken[kept], points[kept], level[kept], good[kept]
        self.points[taken], self._level[taken], self._good[taken] = points, level, good
        return rows[~self._done(rows)]

    def result(self, budget: Budget) -> Adversarial:
        """Where the walks ended, or the originals where that is not better."""
        moved = self._good & ((self._level > self._start) | ~self._fine)
        points = torch.where(moved.reshape(-1, *[1] * (self.points.ndim - 1)), self.points, self._originals)
        moved &= (points != self._originals).flatten(1).any(dim=1)
        return Adversarial(
            inputs=points,
            radius=budget.norm.size(points - self._originals),
            accepted=torch.full_like(self._level, budget.radius).where(moved, 0),
            feasible=torch.where(moved, self._good, self._fine),
            gradients=torch.zeros_like(self._queries),
            queries=self._queries,
        )

    def _holds(self, points: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        if self._condition is None:
            return torch.ones_like(rows, dtype=torch.bool)
        return holds(self._condition, points, rows, self._size)

    def _done(self, rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        return self._good[rows] & (self._level[rows] > self._enough)


def _stripes(like: Float[Tensor, " n c h w"], keys: Int[Tensor, " n"], seed: int) -> Float[Tensor, " n c 1 w"]:
    """A sign for each channel and column."""
    _, channels, _, width = like.shape
    drawn = uniforms(keys, channels * width, seed=seed, stream=STRIPES)
    return torch.where(drawn < 0.5, -1.0, 1.0).to(like.dtype).reshape(-1, channels, 1, width)


def _squares(
    like: Float[Tensor, " n c h w"], keys: Int[Tensor, " n"], side: int, seed: int, number: int
) -> Float[Tensor, " n c h w"]:
    """For each input a square somewhere, with a sign for each channel; 0 outside of it."""
    _, channels, height, width = like.shape
    drawn = uniforms(keys, 2 + channels, seed=seed, stream=STRIPES + number)
    signs = torch.where(drawn[:, 2:] < 0.5, -1.0, 1.0).to(like.dtype)
    inside: list[Tensor] = []
    for size, place in ((height, drawn[:, :1]), (width, drawn[:, 1:2])):
        start, line = (place * (size - side + 1)).long(), torch.arange(size, device=like.device)
        inside.append((line >= start) & (line < start + side))
    return signs[:, :, None, None] * (inside[0][:, None, :, None] & inside[1][:, None, None, :])
