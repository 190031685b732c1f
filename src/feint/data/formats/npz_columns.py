"""NumPy's .npz with a table: ``X`` and ``y``, and perhaps standard splits ``test_0``, ``test_1``, ..."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..digest import digest_of_files
from ..kinds import Columns, Values
from ..source import Example, Flaw
from .npz_arrays import array_names, read_array

SPLIT = re.compile(r"(train|test)(?:_(\d+))?")


@final
@dataclass(frozen=True, eq=False)
class NpzColumns:
    """Columns ``(N, D)``, standardised by the training rows, and values ``(N,)`` or ``(N, D')`` in their own unit.

    Attributes:
        path: the file.
        split: as asked for; "" where the file has none.
        rows: which of the file's rows are in the split.
        raw: these rows of X.
        values: these rows of y.
        inputs: the columns, with mean and standard deviation of the training rows.
        targets: the values.
    """

    path: Path
    split: str
    rows: NDArray[np.int64]
    raw: NDArray[np.float64]
    values: NDArray[np.float64]
    inputs: Columns
    targets: Values
    seekable: bool = True

    @classmethod
    def open(cls, path: Path, split: str) -> "NpzColumns":
        """Read the table, which is held in memory.

        Args:
            path: the file. ``test_0`` holds the rows of the first split's test set; the others are to train.
            split: "test" or "train" for the first split, "test_3" or "train_3" for another; of no effect where there
                are none.

        Raises:
            DataError: if the file, its arrays or the split are not as expected.
        """
        names = array_names(path)
        raw, values = _numbers(path, "X"), _numbers(path, "y")
        if raw.ndim != 2 or 0 in raw.shape:
            raise DataError(f"{path}: expected X of shape (N, D), got {raw.shape}")
        values = values[:, np.newaxis] if values.ndim == 1 else values
        if values.ndim != 2 or len(values) != len(raw) or values.shape[1] == 0:
            raise DataError(f"{path}: expected y with {len(raw)} rows like X, got shape {values.shape}")
        train = rows = np.arange(len(raw))
        if "test_0" in names:
            train, rows = _split(path, split, names, len(raw))
        else:
            split = ""
        columns = _scaled_by(raw[train[np.isfinite(raw[train]).all(1)]], path)
        count = values.shape[1]
        targets = Values(("y",) if count == 1 else tuple(f"y{number}" for number in range(count)), ("",) * count)
        return cls(path, split, rows, raw[rows], values[rows], columns, targets)

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, sample: int) -> str:
        """Which row of the file."""
        return f"{self.path}: row {self.rows[sample]}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range."""
        standard = (self.raw[start:stop] - self.inputs.mean) / self.inputs.std
        for number, row in enumerate(standard):
            yield Example(start + number, row, self.values[start + number])

    def fingerprint(self) -> str:
        """Of the file and the split."""
        return f"{digest_of_files([self.path])} {self.split}"


def _numbers(path: Path, name: str) -> NDArray[np.float64]:
    array = read_array(path, name)
    if array.dtype.kind not in "iuf":
        raise DataError(f"{path}: expected numbers in {name}, got {array.dtype}")
    return array.astype(np.float64)


def _scaled_by(train: NDArray[np.float64], path: Path) -> Columns:
    """Columns with the mean and standard deviation of these rows."""
    with np.errstate(all="ignore"):
        mean, std = (train.mean(0), train.std(0)) if len(train) else (np.array([np.nan]), np.array([np.nan]))
    if not (np.isfinite(mean).all() and np.isfinite(std).all()):
        raise DataError(f"{path}: expected columns in X with a finite mean and standard deviation, got others")
    names = tuple(map(str, range(train.shape[1])))
    return Columns(names, tuple(mean.tolist()), tuple(np.where(std > 0, std, 1.0).tolist()))


def _split(path: Path, split: str, names: list[str], count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows to train, and the rows of the split."""
    asked = SPLIT.fullmatch(split)
    name = f"test_{int(asked[2] or 0)}" if asked else ""
    if asked is None or name not in names:
        last = sum(re.fullmatch(r"test_\d+", each) is not None for each in names) - 1
        raise DataError(f"{path}: expected split 'train', 'test', or 'train_0' to 'test_{last}', got {split!r}")
    test = read_array(path, name)
    if test.dtype.kind not in "iu" or test.ndim != 1 or not all(0 <= row < count for row in test.tolist()):
        raise DataError(f"{path}: expected rows from 0 to {count - 1} in {name}, got other values")
    rest = np.setdiff1d(np.arange(count), test)
    if not len(rest):
        raise DataError(f"{path}: expected rows to train beside {name}, got all rows in it")
    return rest, rest if asked[1] == "train" else np.sort(test).astype(np.int64)
