"""Scikit-learn's 1,797 handwritten digits: the data set that needs no file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..kinds import Classes, Images
from ..source import Example, Flaw
from ..splits import check_split

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
        check_split("digits", split)
        return cls(split)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rows = np.loadtxt(_file(), delimiter=",")[slice(0, TRAIN) if self.split == "train" else slice(TRAIN, None)]
        images = np.asarray(rows[:, :-1].reshape(-1, 8, 8, 1) / 16, dtype=np.float32)
        return images, rows[:, -1].astype(np.int64)

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


def _file() -> Path:
    """Where scikit-learn keeps them: importing it for one small file would cost more than most audits of them."""
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise DataError("digits: expected scikit-learn, which has them, got none installed")
    return Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
