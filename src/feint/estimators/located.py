"""What goes wrong inside of a network, said with the network's name and the input that does it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from feint.errors import FeintError, NetworkError, NotFinite, foreign, said


@contextmanager
def located(called: str, network: nn.Module, inputs: Tensor, samples: Tensor | None) -> Generator[None]:
    """Inside, whatever a network raises is a NetworkError that names it, and the first input that does it alone.

    That a network leaves by ``sys.exit`` is an error as well. Memory that is used up is nothing that one input does.

    Args:
        called: the network's name; "" for its class.
        network: what is asked.
        inputs: what it is asked about.
        samples: their indices in their data set.
    """

    def told(error: BaseException) -> FeintError:
        which = _failing(network, inputs, every=isinstance(error, NotFinite))
        known = which if samples is None else [int(samples[at]) for at in which]
        where = f" for sample {known[0]}" if known else ""
        if isinstance(error, FeintError):
            name = f"{called}: " if called else ""
            again = type(error)(f"{name}{error}{', first' if where else ''}{where}")
            if isinstance(again, NotFinite) and samples is not None:
                again.samples = frozenset(known)
            return again
        return NetworkError(f"{called or type(network).__name__}: expected logits{where}, got {said(error)}")

    with foreign(told, but=(MemoryError, torch.cuda.OutOfMemoryError)):
        yield


def _failing(network: Callable[[Tensor], object], inputs: Tensor, *, every: bool) -> list[int]:
    """The first input, or every one, that a network raises at or gives no finite answer to when it is asked alone.

    Where there is none, beside itself: some networks fail at an input only in company.
    """
    failing: list[int] = []
    for copies in (1, 2):
        for at in range(len(inputs)):
            if _fails(network, inputs[at : at + 1].repeat_interleave(copies, 0)):
                failing.append(at)
                if not every:
                    break
        if failing:
            break
    return failing


def _fails(network: Callable[[Tensor], object], inputs: Tensor) -> bool:
    """Whether it does, with gradients where it was asked with them."""
    try:
        with foreign():
            found = network(inputs)
    except NetworkError:
        return True
    return isinstance(found, Tensor) and not bool(torch.isfinite(found).all())
