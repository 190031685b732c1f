"""Scikit-learn's 1,797 handwritten digits: the data set that needs no file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..kinds import Classes, Images
from ..source import Example, Flaw

TRAIN = 1000
NAMES = Classes(tuple("0123456789"))


@final
@dataclass(frozen=True, eq=False)
class Digits:
    """The digits, 8x8 pixels of 17 grey levels: the first 1,000 for training, the remaining 797 for testing."""

    split: str
    targets: Classes = NAMES
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def open(cls, split: str) -> "Digits":
        """Choose a split, "train" or "test"."""
        if split not in ("train", "test"):
            raise DataError(f"digits: expected split 'train' or 'test', got {split!r}")
        return cls(split)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        load_digits: Callable[[], Any] = import_module("sklearn.datasets").load_digits
        bunch = load_digits()
        part = slice(0, TRAIN) if self.split == "train" else slice(TRAIN, None)
        images = np.asarray(bunch.images[part] / 16, dtype=np.float32)
        return images[..., np.newaxis], np.asarray(bunch.target[part], dtype=np.int64)

    def __len__(self) -> int:
        return TRAIN if self.split == "train" else 1797 - TRAIN

    @property
    def labels(self) -> NDArray[np.int64]:
        """Which digits they are."""
        return self._arrays[1]

    def where(self, sample: int) -> str:
        """Which digit."""
        return f"digits/{self.split}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range; all of them are held in memory, half a megabyte."""
        images, labels = self._arrays
        for sample in range(start, stop):
            yield Example(sample, images[sample], int(labels[sample]))

    def fingerprint(self) -> str:
        """The data set is fixed: its name will do."""
        return f"scikit-learn digits {self.split}"
