"""Where training's randomness comes from: one seed, and names for what it is spent on."""

import hashlib
from collections.abc import Generator as Yields
from contextlib import contextmanager

import torch
from torch import Generator


@contextmanager
def seeded(seed: int, device: str | torch.device = "cpu") -> Yields[None]:
    """Everything drawn from torch's global random stream inside follows from the seed; outside nothing has changed.

    Args:
        seed: any integer of up to 64 bits.
        device: where it also holds, beside the CPU; its other devices are left alone.

    >>> with seeded(0):
    ...     first = torch.nn.Linear(2, 1)
    >>> with seeded(0):
    ...     second = torch.nn.Linear(2, 1)
    >>> torch.equal(first.weight, second.weight)
    True
    """
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):  # pyright: ignore[reportUnknownMemberType]
        # Not torch.manual_seed: that one reaches for every device of the machine, and fork_rng gives only these back.
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def derived(seed: int, *purpose: str | int) -> int:
    """A seed of its own for each purpose: 63 bits of a hash.

    >>> derived(0, "order", 1) == derived(0, "order", 1), derived(0, "order", 1) == derived(0, "order", 2)
    (True, False)
    """
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def stream(seed: int, *purpose: str | int) -> Generator:
    """A random stream of its own for each purpose, on the CPU so that it is the same on every device."""
    return Generator().manual_seed(derived(seed, *purpose))
