"""What a run uses of the machine."""

import os
from collections.abc import Generator
from contextlib import contextmanager

import torch

from feint.errors import SpecError


def find_device(name: str) -> str:
    """The device of this name, if it is there; "auto" takes a GPU where there is one.

    Raises:
        SpecError: there is no such device.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).item()  # which also shows that it computes: "meta" does not
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"device: expected cpu, or an accelerator that is there, got {name!r} ({reason})") from error
    return name


def find_threads(count: int | None) -> int:
    """So many CPU threads, or as many as torch takes by itself.

    Raises:
        SpecError: more than four for every CPU there is.
    """
    most = 4 * (os.cpu_count() or 1)
    if count is not None and count > most:
        raise SpecError(f"threads: expected at most {most} on this machine, got {count}")
    return count or torch.get_num_threads()


def default_batch_size(shape: tuple[int, int, int], device: str) -> int:
    """Inputs per call of a network, by the images' size: as many as fit a CPU's cache, or fill a GPU."""
    pixels = shape[1] * shape[2]
    small, middle, large = (100, 32, 20) if device == "cpu" else (500, 250, 50)
    return small if pixels <= 28 * 28 else middle if pixels <= 64 * 64 else large


@contextmanager
def steady(threads: int) -> Generator[None]:
    """Inside, numbers that come out the same again: so many CPU threads, and on GPUs float32 throughout.

    cuDNN would round the inputs of convolutions to 10 bits (TF32), where log-probabilities are to agree to 1e-4, and
    may pick other kernels, with other last bits, from one call to the next. All of it is as before afterwards.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(before)
