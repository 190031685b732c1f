"""Batches of one fixed size: the only way a network is called.

What a network returns for an input may differ in the last bit between batch sizes. With one fixed size, the last batch
padded, an input's values do not depend on how many others came along.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.errors import InputError


def padded_batches(
    inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], size: int | None
) -> Iterator[tuple[Float[Tensor, " B ..."], Int[Tensor, " B"], int]]:
    """Cut inputs into batches of one size, the last one padded with repetitions of its last input.

    Args:
        inputs: shape ``(N, ...)``.
        rows: what goes along with each input, usually its position, shape ``(N,)``.
        size: inputs per batch; None for all at once, unpadded.

    Yields:
        A batch, its rows, and how many of them count (the rest is padding).

    >>> [(rows.tolist(), count) for _, rows, count in padded_batches(torch.zeros(3, 1), torch.arange(3), 2)]
    [([0, 1], 2), ([2, 2], 1)]
    """
    size = size or max(len(inputs), 1)
    for start in range(0, len(inputs), size):
        batch, batch_rows = inputs[start : start + size], rows[start : start + size]
        count = len(batch)
        if count < size:
            padding = torch.tensor([*range(count), *[count - 1] * (size - count)], device=inputs.device)
            batch, batch_rows = batch[padding], batch_rows[padding.to(rows.device)]
        yield batch, batch_rows, count


def checked_inputs(inputs: object) -> Tensor:
    """Inputs that networks can be given.

    Raises:
        InputError: anything but a tensor of floats, such as a list or an array.

    >>> checked_inputs([0.5])
    Traceback (most recent call last):
    feint.errors.InputError: inputs: expected a tensor of floats with one row per input, got a list
    """
    if not isinstance(inputs, Tensor):
        raise InputError(f"inputs: expected a tensor of floats with one row per input, got a {type(inputs).__name__}")
    if not inputs.is_floating_point() or not inputs.ndim:
        kind = str(inputs.dtype).removeprefix("torch.")
        raise InputError(
            f"inputs: expected a tensor of floats with one row per input, got {kind} of shape {tuple(inputs.shape)}"
        )
    return inputs
