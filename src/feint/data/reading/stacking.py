"""Examples -> arrays -> a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from feint.data.batch import Batch
from feint.data.decode import BrokenImage
from feint.data.kinds import Classes, Mask, Targets, Values
from feint.data.source import Example, Pixels


def stacked(examples: Sequence[Example]) -> Batch:
    """At least one example as a batch; where some images have 8 bits and others more, all become floats."""
    inputs = [example.input for example in examples]
    if len({pixels.dtype for pixels in inputs}) > 1:
        inputs = [_as_floats(pixels) for pixels in inputs]
    targets = np.stack([np.asarray(example.target) for example in examples])
    return _to_batch(np.stack(inputs), targets, np.array([example.sample for example in examples], dtype=np.int64))


def empty(shape: tuple[int, ...], targets: Targets) -> Batch:
    """A batch of none.

    Args:
        shape: of an input.
        targets: what they would be.
    """
    samples = torch.empty(0, dtype=torch.int64)
    return Batch(torch.empty((0, *shape)), torch.as_tensor(_room(0, shape, targets)), samples)


@final
@dataclass(frozen=True, eq=False)
class Held:
    """Decoded examples, in memory: images of 8 bits as bytes.

    Attributes:
        inputs: as the examples have them.
        targets: theirs.
        samples: their indices in the source, ascending.
    """

    inputs: Pixels
    targets: NDArray[Any]
    samples: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Iterator[Example], most: int, targets: Targets) -> "Held | None":
        """Hold all of these, at most so many; None if there are none."""
        samples = np.empty(most, dtype=np.int64)
        inputs: Pixels | None = None
        found = np.empty(0)
        count = 0
        for example in examples:
            pixels = example.input
            if inputs is None:
                inputs = np.empty((most, *pixels.shape), dtype=pixels.dtype)
                found = _room(most, pixels.shape[-1:] + pixels.shape[:-1], targets)
            if inputs.dtype != pixels.dtype:
                inputs, pixels = _as_floats(inputs), _as_floats(pixels)
            inputs[count], found[count], samples[count] = pixels, example.target, example.sample
            count += 1
        return None if inputs is None else cls(inputs[:count], found[:count], samples[:count])

    def batch(self, samples: NDArray[np.int64]) -> Batch:
        """These samples, in this order, without those that are not held."""
        rows = np.searchsorted(self.samples, samples).clip(max=len(self.samples) - 1)
        rows = rows[self.samples[rows] == samples]
        return _to_batch(self.inputs[rows], self.targets[rows], self.samples[rows])


def finite(row: NDArray[Any]) -> NDArray[np.float32]:
    """Numbers as float32, or BrokenImage."""
    with np.errstate(over="ignore"):
        found = row.astype(np.float32)
    if not np.isfinite(found).all():
        raise BrokenImage(f"expected finite numbers, got {float(row[~np.isfinite(found)][0])}")
    return found


def _room(count: int, shape: tuple[int, ...], targets: Targets) -> NDArray[Any]:
    match targets:
        case Classes():
            return np.empty(count, dtype=np.int64)
        case Mask():
            return np.empty((count, *shape[1:]), dtype=np.int64)
        case Values(names):
            return np.empty((count, len(names)), dtype=np.float32)


def _as_floats(pixels: Pixels) -> Pixels:
    """Bytes as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(255) if pixels.dtype == np.uint8 else pixels


def _to_batch(inputs: Pixels, targets: NDArray[Any], samples: NDArray[np.int64]) -> Batch:
    if inputs.ndim == 4:
        inputs = inputs.transpose(0, 3, 1, 2)
    tensor = torch.as_tensor(np.ascontiguousarray(inputs))
    tensor = tensor.float().div_(255) if tensor.dtype == torch.uint8 else tensor
    return Batch(tensor, torch.as_tensor(targets), torch.as_tensor(samples))
