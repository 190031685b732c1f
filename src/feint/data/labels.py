"""Labels: integers from zero, one per image."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

MOST_CLASSES = 1_000_000
MOST_EXAMPLES = 1 << 27
"""Their labels are held in memory."""


def checked_labels(labels: NDArray[Any], images: int, where: str) -> NDArray[np.int64]:
    """Labels as int64.

    Args:
        labels: what the file holds; expected are integers from 0, shape ``(N,)``.
        images: N, how many images there are.
        where: the file, for the error.

    Returns:
        The labels, shape ``(N,)``.

    Raises:
        DataError: if they are anything else.
    """
    checked_count(labels.dtype, labels.shape, images, where)
    if len(labels) and (labels.min() < 0 or labels.max() >= MOST_CLASSES):
        raise DataError(
            f"{where}: expected labels from 0 to {MOST_CLASSES - 1}, got {labels.min()} to {labels.max()}"
            f" (the first such at image {int(((labels < 0) | (labels >= MOST_CLASSES)).argmax())})"
        )
    return labels.astype(np.int64)


def checked_count(dtype: np.dtype[Any], shape: tuple[int, ...], images: int, where: str) -> None:
    """Raise a DataError unless labels of this type and shape are integers, one per image."""
    if dtype.kind not in "iu":
        raise DataError(f"{where}: expected integer labels, got {dtype}")
    if len(shape) != 1:
        raise DataError(f"{where}: expected labels of shape (N,), got shape {shape}")
    if images > MOST_EXAMPLES:
        raise DataError(f"{where}: expected at most {MOST_EXAMPLES} images, got {images}")
    if shape[0] != images:
        raise DataError(f"{where}: expected as many labels as images, got {shape[0]} labels for {images} images")


def named_labels(cells: Sequence[str | None], where: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels out of text: integers from 0, or else names of classes, which are numbered in sorted order.

    Args:
        cells: one per image; None where it is missing.
        where: where each stands, for an error.

    Returns:
        The labels, -1 where one is missing, and the classes' names.

    Raises:
        DataError: if there are both integers and names, or integers outside 0 to 999,999.

    >>> named_labels(["dog", None, "cat"], ["", "", ""])
    (array([ 1, -1,  0]), ('cat', 'dog'))
    """
    numbers = {cell: _integer(cell) for cell in cells if cell is not None}
    known = [number for number in numbers.values() if number is not None]
    if not known:
        names = tuple(sorted(numbers))
        index = {name: label for label, name in enumerate(names)}
        return np.array([-1 if cell is None else index[cell] for cell in cells], dtype=np.int64), names
    labels = np.full(len(cells), -1, dtype=np.int64)
    for row, cell in enumerate(cells):
        number = numbers[cell] if cell is not None else -1
        if number is None:
            raise DataError(f"{where[row]}: expected an integer label like others, got {cell!r}")
        if cell is not None and not 0 <= number < MOST_CLASSES:
            raise DataError(f"{where[row]}: expected a label from 0 to {MOST_CLASSES - 1}, got {number}")
        labels[row] = number
    return labels, tuple(map(str, range(max(known) + 1)))


def _integer(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"[+-]?[0-9]{1,18}", cell) else None


def numbered_classes(labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Names for classes that have none: their numbers, up to the largest label.

    >>> numbered_classes(np.array([0, 2]))
    ('0', '1', '2')
    """
    return tuple(str(number) for number in range(int(labels.max()) + 1)) if len(labels) else ()
