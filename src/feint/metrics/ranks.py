"""Rank correlation: how much of an order is left."""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import Scores, checked_scores
from feint.metrics.ties import last_of_ties, sorted_scores

Whole = npt.NDArray[np.int64]
_LEAF: Final = 128
"""Values that are compared each with each: fewer than this do not repay a sort."""


def kendall_tau(a: Scores, b: Scores) -> float:
    """Kendall's tau-b: pairs in the same order less pairs in opposite order, of those that are ordered.

    ``tau = (same - opposite) / sqrt(pairs not tied in a * pairs not tied in b)``

    Args:
        a: any scale, shape ``(N,)``.
        b: any scale, shape ``(N,)``.

    Returns:
        In [-1, 1]: 1 the same order, -1 the reverse, 0 for no relation.

    Raises:
        InputError: shapes that differ, NaN, or all values of one of them equal.

    References:
        Kendall 1945. The same to the last digit as scipy's ``kendalltau``, without the second it takes to import.

    >>> round(kendall_tau(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 2.0])), 4)
    0.3333
    """
    a, b = _checked(a, b)
    order, count = b.numpy().argsort(), len(b)
    ordered_a, ordered_b = a.numpy()[order], b.numpy()[order]
    ranks = ordered_a.argsort(kind="stable")  # by a, and by b where a is tied: the rank of each in b
    new_a, new_b = _new(ordered_a[ranks]), _new(ordered_b)
    tied_a, tied_b, tied_both = _tied(new_a), _tied(new_b), 0
    places = _inverse(ranks)
    if tied_b:
        dense = new_b.cumsum()
        tied_both = _tied(new_a | _new(dense[ranks])) if tied_a else 0
        groups = dense * count
        places = np.sort(groups + places) - groups  # by b, and by a where b is tied: no pair tied in b goes down
        ranks = _inverse(places)
    pairs = count * (count - 1) // 2
    less = pairs - tied_a - tied_b + tied_both - 2 * _descents(ranks, places)
    return float(np.clip(less / np.sqrt(pairs - tied_a) / np.sqrt(pairs - tied_b), -1.0, 1.0))


def spearman(a: Scores, b: Scores) -> float:
    """Spearman's rho: the correlation of the ranks, ties sharing their mean rank.

    Args:
        a: any scale, shape ``(N,)``.
        b: any scale, shape ``(N,)``.

    Returns:
        In [-1, 1]: 1 the same order, -1 the reverse, 0 for no monotonic relation.

    Raises:
        InputError: shapes that differ, NaN, or all values of one of them equal.

    References:
        Spearman 1904. The same as scipy's ``spearmanr``, by faster sorts.

    >>> spearman(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 2.0]))
    0.5
    """
    ranks_a, ranks_b = (_centred_ranks(scores) for scores in _checked(a, b))
    rho = float(ranks_a @ ranks_b) / math.sqrt(float(ranks_a @ ranks_a) * float(ranks_b @ ranks_b))
    return min(1.0, max(-1.0, rho))


def _new(ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each value differs from the one before it."""
    return np.concatenate([[True], ordered[1:] != ordered[:-1]])


def _tied(new: npt.NDArray[np.bool_]) -> int:
    """Pairs of equal values."""
    starts = np.flatnonzero(new)
    if len(starts) == len(new):
        return 0
    sizes = np.diff(starts, append=len(new))
    return int((sizes * (sizes - 1) // 2).sum())


def _inverse(order: Whole) -> Whole:
    """The place of each position in an order."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def _descents(ranks: Whole, places: Whole) -> int:
    """Pairs of a permutation of which the earlier is larger.

    A grid of about root N by root N blocks, by place and by rank, counts the pairs whose blocks differ in both. What
    is left has its places in one block, or its ranks in one and its places in several.

    Args:
        ranks: from 0, by place.
        places: its inverse.
    """
    width = max(math.isqrt(len(ranks) - 1) + 1, 2)
    blocks = np.arange(len(ranks)) // width
    cells = np.bincount(blocks * width + ranks // width, minlength=width * width).reshape(width, width)
    larger = np.zeros_like(cells)
    larger[1:, :-1] = cells.cumsum(axis=0)[:-1, ::-1].cumsum(axis=1)[:, -2::-1]
    return int((larger * cells).sum()) + _in_blocks(ranks, width) + _in_blocks(places // width, width)


def _in_blocks(values: Whole, width: int) -> int:
    """Pairs within a block of so many of which the earlier is larger: each with each, then as halves are merged.

    Sorted together, with a last bit that says which half a value comes from, each value of the left half has before
    it those of the right half that are smaller.
    """
    merges = max(math.ceil(math.log2(width / _LEAF)), 0)
    leaf, count = -(-width // 2**merges), -(-len(values) // width)
    padded = np.full(count * width, len(values), dtype=np.int32)  # what is added is in no pair
    padded[: len(values)] = values
    blocks = np.full((count, leaf << merges), len(values), dtype=np.int32)
    blocks[:, :width] = padded.reshape(count, width)
    columns = np.ascontiguousarray(blocks.reshape(-1, leaf).T)
    found = sum(int(np.count_nonzero(columns[at] > columns[at + 1 :])) for at in range(leaf))
    for merged in range(merges):
        blocks <<= 1
        blocks.reshape(-1, 2, leaf << merged)[:, 1] |= 1
        together = blocks.reshape(-1, leaf << merged + 1)
        together.sort(axis=1)
        right = together & 1
        found += int((right.cumsum(axis=1, dtype=np.int32) * (1 - right)).sum(dtype=np.int64))
        blocks >>= 1
    return found


def _checked(a: Scores, b: Scores) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
    a, b = checked_scores("a", a), checked_scores("b", b)
    if len(a) != len(b):
        raise InputError(f"b: expected as many as a, {len(a)}, got {len(b)}")
    for name, scores in (("a", a), ("b", b)):
        if bool((scores == scores[0]).all()):
            raise InputError(
                f"{name}: expected at least two different values to rank, got {len(scores)} times the same"
            )
    return a, b


def _centred_ranks(scores: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """Ranks about their mean, ties at the middle of their places."""
    scores, order = sorted_scores(scores)
    ends = last_of_ties(scores)
    sizes = ends.diff(prepend=torch.zeros(1, dtype=torch.long))
    middles = ends.double() - (sizes + len(scores)).double() / 2
    ranks = torch.empty_like(scores)
    ranks[order] = middles.repeat_interleave(sizes)
    return ranks
