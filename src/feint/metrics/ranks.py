"""Rank correlation: how much of an order is left."""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import checked_scores
from feint.metrics.ties import last_of_ties, sorted_scores

Whole = npt.NDArray[np.int64]
_LEAF: Final = 32
"""Values that are compared each with each: fewer than this do not repay a sort."""


def kendall_tau(a: Float[Tensor, " N"], b: Float[Tensor, " N"]) -> float:
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
    first, second = _dense_ranks(a.numpy()), _dense_ranks(b.numpy())
    both = np.sort(first * len(second) + second)
    pairs = len(both) * (len(both) - 1) // 2
    tied_a, tied_b = _tied(np.bincount(first)), _tied(np.bincount(second))
    ends = np.flatnonzero(np.diff(both, append=-1)) + 1
    tied_both = _tied(np.diff(ends, prepend=0))
    less = pairs - tied_a - tied_b + tied_both - 2 * _descents(both % len(second))
    return float(np.clip(less / np.sqrt(pairs - tied_a) / np.sqrt(pairs - tied_b), -1.0, 1.0))


def spearman(a: Float[Tensor, " N"], b: Float[Tensor, " N"]) -> float:
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


def _dense_ranks(values: npt.NDArray[Any]) -> Whole:
    """From 0, equal values with equal ranks."""
    order = values.argsort()
    ordered = values[order]
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.concatenate([[False], ordered[1:] != ordered[:-1]]).cumsum()
    return ranks


def _tied(sizes: npt.NDArray[Any]) -> int:
    """Pairs within groups of these sizes."""
    return int((sizes * (sizes - 1) // 2).sum())


def _descents(values: Whole) -> int:
    """Pairs of which the earlier is larger: within blocks each with each, then as blocks are merged two by two.

    Sorted together, with a last bit that says which half a value comes from, each value of the left half has before
    it those of the right half that are smaller.
    """
    merges = max(math.ceil(math.log2(len(values) / _LEAF)), 0)
    width = -(-len(values) // 2**merges)
    blocks = np.full(width * 2**merges, len(values), dtype=np.int32)  # what is added is in no pair
    blocks[: len(values)] = values
    blocks = blocks.reshape(-1, width)
    found = sum(int(np.count_nonzero(blocks[:, at : at + 1] > blocks[:, at + 1 :])) for at in range(width))
    for _ in range(merges):
        blocks = np.stack([2 * blocks[0::2], 2 * blocks[1::2] + 1], axis=1).reshape(-1, 2 * width)
        blocks.sort(axis=1)
        right = blocks & 1
        found += int((right.cumsum(axis=1, dtype=np.int32) * (1 - right)).sum(dtype=np.int64))
        blocks >>= 1
        width *= 2
    return found


def _checked(a: Float[Tensor, " N"], b: Float[Tensor, " N"]) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
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
