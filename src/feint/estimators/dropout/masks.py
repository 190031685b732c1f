"""Dropout masks as a pure function of what they are keyed by, so that batches share out no stream of random numbers."""

import math

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from feint.keyed import scrambled, stem_of


def keep_mask(
    keys: Int[Tensor, " K"], draws: Int[Tensor, " S"], *, seed: int, layer: int, elements: int, drop: float
) -> Bool[Tensor, " S K elements"]:
    """Which elements stay, each with probability 1 - drop.

    Args:
        keys: what masks are drawn for: sample indices, or a single one for a mask that all inputs share.
        draws: the indices of the draws.
        seed: the seed of the estimator.
        layer: which of the network's dropouts, in the order in which they act.
        elements: how many elements an input has there.
        drop: the probability of dropping, in [0, 1].

    Returns:
        Shape ``(S, K, elements)``.

    >>> torch.equal(
    ...     *(keep_mask(torch.tensor([7]), torch.arange(2), seed=0, layer=0, elements=3, drop=0.5) for _ in "ab")
    ... )
    True
    """
    stem = stem_of(seed, layer, keys.device)
    per_input = scrambled(scrambled(stem + draws).unsqueeze(1) + keys)
    bits = scrambled(per_input.unsqueeze(-1) + torch.arange(elements, device=keys.device))
    # The upper 53 bits are a uniform number in steps of 2^-53; compared as integers, they need no float64.
    return (bits >> 11).bitwise_and_((1 << 53) - 1) >= math.ceil(drop * 2.0**53)
