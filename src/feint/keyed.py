"""Randomness as a pure function of what it is keyed by, so that batches share out no stream of random numbers."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

# The constants of the SplitMix64 generator (Steele, Lea & Flood 2014), as signed 64-bit integers.
_GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64
_SALT = 0x5851F42D4C957F2D  # any number will do: 0 is the one integer that scrambling leaves as it is


def _shifted(bits: Int[Tensor, "..."], places: int) -> Int[Tensor, "..."]:
    """A logical shift to the right: torch's own keeps the sign."""
    return (bits >> places) & ((1 << (64 - places)) - 1)


def scrambled(bits: Int[Tensor, "..."]) -> Int[Tensor, "..."]:
    """SplitMix64's finalizer: neighbouring integers in, unrelated ones out. The same on every device."""
    bits = bits * _GOLDEN
    bits = (bits ^ _shifted(bits, 30)) * _FIRST
    bits = (bits ^ _shifted(bits, 27)) * _SECOND
    return bits ^ _shifted(bits, 31)


def uniform(bits: Int[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Scrambled bits as float64 in [0, 1)."""
    return _shifted(bits, 11).double() * 2.0**-53


def stem_of(seed: int, stream: int, device: torch.device) -> Int[Tensor, ""]:
    """Where the numbers of a seed and a stream begin, never at 0."""
    return scrambled(scrambled(torch.tensor(seed, device=device) ^ _SALT) + stream)


def uniforms(keys: Int[Tensor, " K"], elements: int, *, seed: int, stream: int = 0) -> Float[Tensor, " K elements"]:
    """Numbers in [0, 1) for each key, the same whatever other keys come along.

    Args:
        keys: what they are drawn for: sample indices.
        elements: how many for each key.
        seed: the caller's seed.
        stream: tells several draws under one seed apart.

    >>> torch.equal(uniforms(torch.tensor([3, 7]), 2, seed=0)[1:], uniforms(torch.tensor([7]), 2, seed=0))
    True
    """
    stem = stem_of(seed, stream, keys.device)
    return uniform(scrambled(scrambled(stem + keys).unsqueeze(1) + torch.arange(elements, device=keys.device)))
