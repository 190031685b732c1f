"""SVHN's cropped digits: MATLAB files with X (32, 32, 3, N) and y (N, 1), in which 10 stands for the digit 0."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import checked_count, checked_labels
from ..source import Example, Flaw, reason

SUFFIX = "_32x32.mat"
MOST_BYTES = 1 << 32
NAMES = Classes(tuple("0123456789"))


@final
@dataclass(frozen=True, eq=False)
class Svhn:
    """One MATLAB file. Its images are held in memory once the first is read: the format has no other way."""

    path: Path
    labels: NDArray[np.int64]
    targets: Classes = NAMES
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def open(cls, path: Path) -> "Svhn":
        """Read the labels, and the shape of the images.

        Raises:
            DataError: if the file cannot be read, or has something else in it.
        """
        shapes = {str(name): tuple(shape) for name, shape, _ in _scipy_io("whosmat", path)}
        images = shapes.get("X", ())
        if len(images) != 4 or images[2] != 3 or 0 in images or "y" not in shapes:
            raise DataError(f"{path}: expected X of shape (32, 32, 3, N) and y of shape (N, 1), got {shapes}")
        if math.prod(images) > MOST_BYTES:
            raise DataError(f"{path}: expected X of at most {MOST_BYTES} bytes, got shape {images}")
        checked_count(np.dtype(np.uint8), (math.prod(shapes["y"]),), images[3], f"{path} (y)")
        stored = np.asarray(_scipy_io("loadmat", path, variable_names=["y"])["y"]).reshape(-1)
        if stored.dtype.kind in "iu" and len(stored) and not 1 <= stored.min() <= stored.max() <= 10:
            raise DataError(f"{path}: expected labels from 1 to 10, got {stored.min()} to {stored.max()}")
        return cls(path, checked_labels(stored % 10, images[3], f"{path} (y)"))

    @classmethod
    def find(cls, folder: Path, split: str) -> "Svhn":
        """Open a split of a folder: train_32x32.mat, test_32x32.mat or extra_32x32.mat."""
        path = folder / f"{split}{SUFFIX}"
        if not path.is_file():
            names = ", ".join(sorted(path.name for path in folder.iterdir() if path.name.endswith(SUFFIX)))
            raise DataError(f"{folder}: expected {path.name} for split {split!r}, got {names}")
        return cls.open(path)

    @cached_property
    def _images(self) -> NDArray[np.uint8]:
        images = np.asarray(_scipy_io("loadmat", self.path, variable_names=["X"])["X"])
        if images.dtype != np.uint8:
            raise DataError(f"{self.path}: expected X as uint8, got {images.dtype}")
        return images.transpose(3, 0, 1, 2)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which image of the file."""
        return f"{self.path}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range."""
        for sample in range(start, stop):
            yield Example(sample, self._images[sample], int(self.labels[sample]))

    def fingerprint(self) -> str:
        """Of the file."""
        return digest_of_files([self.path])


def has_svhn(folder: Path) -> bool:
    """Whether a folder has such files."""
    return any(path.name.endswith(SUFFIX) for path in folder.iterdir())


def _scipy_io(function: str, path: Path, **options: Any) -> Any:
    call: Callable[..., Any] = getattr(import_module("scipy.io"), function)
    try:
        return call(str(path), **options)
    except Exception as error:  # of a damaged file, scipy's reader raises whatever it stumbles over
        raise DataError(f"{path}: expected a MATLAB file before version 7.3, got: {reason(error)}") from error
