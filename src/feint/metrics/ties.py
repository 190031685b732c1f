"""Inputs in the order of their scores, equal scores together: what every metric of a ranking starts from."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@final
@dataclass(frozen=True, eq=False)
class TieGroups:
    """The distinct scores in order, and what lies at or before each.

    Attributes:
        scores: the distinct scores, shape ``(G,)``.
        inputs: how many inputs lie at or before each, shape ``(G,)``; the last is N.
        events: how many of those are events, shape ``(G,)``.
    """

    scores: Float[Tensor, " G"]
    inputs: Int[Tensor, " G"]
    events: Int[Tensor, " G"]


def tie_groups(scores: Float[Tensor, " N"], events: Bool[Tensor, " N"], *, descending: bool = False) -> TieGroups:
    """Sort once, cut between unequal scores, count.

    Args:
        scores: float64, finite or infinite, not NaN, at least one, shape ``(N,)``.
        events: shape ``(N,)``.
        descending: from the highest score instead of from the lowest.

    >>> tie_groups(torch.tensor([0.2, 0.1, 0.2]).double(), torch.tensor([True, False, False])).inputs
    tensor([1, 3])
    """
    scores, order = sorted_scores(scores, descending=descending)
    happened = events[order].cumsum(dim=0)
    ends = last_of_ties(scores)
    return TieGroups(scores[ends - 1], ends, happened[ends - 1])


def last_of_ties(scores: Float[Tensor, " N"]) -> Int[Tensor, " G"]:
    """How many of the sorted scores lie at or before each distinct one."""
    last = torch.ones(len(scores), dtype=torch.bool)
    torch.ne(scores[1:], scores[:-1], out=last[:-1])
    return last.nonzero().squeeze(dim=1) + 1


def sorted_scores(
    scores: Float[Tensor, " N"], *, descending: bool = False
) -> tuple[Float[Tensor, " N"], Int[Tensor, " N"]]:
    """Sort float64 scores, equal ones in the order they came in; the sorted scores and where they came from.

    The bits of a float, read as an integer, are in the order of the floats but for the sign: integers sort by radix,
    five times as fast.

    >>> sorted_scores(torch.tensor([0.0, -1.0, -2.0]).double())[1]
    tensor([2, 1, 0])
    """
    bits = (-scores if descending else scores + 0.0).add_(0.0).view(torch.int64)  # adding zero turns -0.0 into 0.0
    order = (bits ^ ((bits >> 63) & torch.iinfo(torch.int64).max)).sort(stable=True).indices
    return scores[order], order
