"""Dropout masks as a pure function of what they are keyed by, so that batches share out no stream of random numbers."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

# The constants of the SplitMix64 generator (Steele, Lea & Flood 2014), as signed 64-bit integers.
_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


def _shifted(bits: Int[Tensor, "..."], places: int) -> Int[Tensor, "..."]:
    """A logical shift to the right: torch's own keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def scrambled(bits: Int[Tensor, "..."]) -> Int[Tensor, "..."]:
    """SplitMix64's finalizer: neighbouring integers in, unrelated ones out. The same on every device."""
    bits = bits * _GOLDEN
    bits = (bits ^ _shifted(bits, 30)) * _FIRST
    bits = (bits ^ _shifted(bits, 27)) * _SECOND
    return bits ^ _shifted(bits, 31)


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
    stem = scrambled(scrambled(torch.tensor(seed, device=keys.device)) + layer)
    per_input = scrambled(scrambled(stem + draws).unsqueeze(1) + keys)
    bits = scrambled(per_input.unsqueeze(-1) + torch.arange(elements, device=keys.device))
    uniform = _shifted(bits, 11).double() * 2.0**-53
    return uniform >= drop
