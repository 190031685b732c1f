"""Rank correlation: how much of an order is left."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import checked_scores
from feint.metrics.ties import last_of_ties, sorted_scores


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
        Kendall 1945. Counted by scipy, in O(N log N).

    >>> round(kendall_tau(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 2.0])), 4)
    0.3333
    """
    a, b = _checked(a, b)
    from scipy import stats  # slow to import, and only needed here

    return float(stats.kendalltau(a.numpy(), b.numpy(), variant="b").statistic)


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
