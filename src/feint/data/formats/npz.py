"""NumPy's .npz: ``images`` and ``labels``, streamed out of the zip file."""

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..decode import MOST_PIXELS
from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import checked_count, checked_labels, numbered_classes
from ..places import Places
from ..source import Example, Flaw
from .npz_arrays import CHUNK, NpzArray


@final
@dataclass(frozen=True, eq=False)
class Npz:
    """Images ``(N, height, width)`` or ``(N, height, width, channels)``, uint8 or float in [0, 1]; labels ``(N,)``."""

    path: Path
    shape: tuple[int, ...]
    labels: NDArray[np.int64]
    targets: Classes
    inputs: type[Images] = Images
    seekable: bool = False
    places: Places[NpzArray] = field(default_factory=Places[NpzArray], repr=False)

    @classmethod
    def open(cls, path: Path) -> "Npz":
        """Read the labels and the header of the images.

        Raises:
            DataError: if the file, its arrays' types or shapes are not as expected.
        """
        with closing(NpzArray(path, "images")) as images, closing(NpzArray(path, "labels")) as labels:
            _check_images(path, images.shape, images.dtype)
            where = f"{path} (labels)"
            checked_count(labels.dtype, labels.shape, images.shape[0], where)
            checked = checked_labels(labels.whole(), images.shape[0], where)
        return cls(path, images.shape, checked, Classes(numbered_classes(checked)))

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which image of the file."""
        return f"{self.path}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range, from where the last one ended, or from the beginning if that lies beyond."""
        with self.places.reading(start, len(self), lambda: NpzArray(self.path, "images")) as place:
            images = place.stream
            step = max(1, CHUNK // (math.prod(self.shape[1:]) * images.dtype.itemsize))
            for first in range(start, stop, step):
                count = min(step, stop - first)
                rows = images.rows(first, count).reshape(count, *self.shape[1:3], -1)
                place.at = first + count
                for sample, pixels in enumerate(rows, start=first):
                    yield Example(sample, pixels, int(self.labels[sample]))

    def fingerprint(self) -> str:
        """Of the file."""
        return digest_of_files([self.path])


def _check_images(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype != np.uint8 and dtype.kind != "f":
        raise DataError(f"{path}: expected images as uint8 or float in [0, 1], got {dtype}")
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3)):
        if not 0 < shape[1] * shape[2] <= MOST_PIXELS:
            raise DataError(f"{path}: expected images of 1 to {MOST_PIXELS} pixels, got shape {shape}")
        return
    hint = "; channels come last" if len(shape) == 4 and shape[1] in (1, 3) else ""
    raise DataError(
        f"{path}: expected images of shape (N, height, width) or (N, height, width, channels)"
        f" with 1 or 3 channels, got {shape}{hint}"
    )
