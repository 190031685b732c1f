"""Labels: integers from zero, one per image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

MOST_CLASSES = 1_000_000


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
    if shape[0] != images:
        raise DataError(f"{where}: expected as many labels as images, got {shape[0]} labels for {images} images")


def numbered_classes(labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Names for classes that have none: their numbers, up to the largest label.

    >>> numbered_classes(np.array([0, 2]))
    ('0', '1', '2')
    """
    return tuple(str(number) for number in range(int(labels.max()) + 1)) if len(labels) else ()
