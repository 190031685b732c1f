"""CIFAR-10's binary version: records of a label and 3 x 32 x 32 bytes, channels first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..source import Example, Flaw, placed
from ..splits import check_split
from .records import count_records, read_names, read_records

SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
FILES = {"train": re.compile(r"data_batch_\d+\.bin"), "test": re.compile(r"test_batch\.bin")}


@final
@dataclass(frozen=True, eq=False)
class CifarBinary:
    """The batches of one split, one after the other."""

    paths: tuple[Path, ...]
    counts: tuple[int, ...]
    targets: Classes
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def find(cls, folder: Path, split: str) -> "CifarBinary":
        """Find the batches, and the class names in ``batches.meta.txt``.

        Raises:
            DataError: if there is no such split, or a batch is cut short.
        """
        check_split(folder, split)
        paths = tuple(sorted(path for path in folder.iterdir() if FILES[split].fullmatch(path.name)))
        if not paths:
            wanted = "data_batch_1.bin to data_batch_5.bin" if split == "train" else "test_batch.bin"
            raise DataError(f"{folder}: expected {wanted} for split {split!r}, got no such file")
        names = read_names(folder / "batches.meta.txt") or tuple("0123456789")
        return cls(paths, tuple(count_records(path, RECORD) for path in paths), Classes(names))

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The first byte of each record."""
        files = (
            np.memmap(path, np.uint8, "r", shape=(count, RECORD)) if count else np.zeros((0, RECORD), np.uint8)
            for path, count in zip(self.paths, self.counts, strict=True)
        )
        return np.concatenate([records[:, 0] for records in files]).astype(np.int64)

    def where(self, sample: int) -> str:
        """Which image of which batch."""
        return placed("image", sample, self.paths, self.counts)

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range, batch by batch."""
        before = 0
        for path, count in zip(self.paths, self.counts, strict=True):
            first, last = max(start - before, 0), min(stop - before, count)
            if first < last:
                for number, record in enumerate(read_records(path, RECORD, first, last), start=before + first):
                    yield Example(number, record[1:].reshape(SHAPE).transpose(1, 2, 0), int(record[0]))
            before += count

    def fingerprint(self) -> str:
        """Of the batches."""
        return digest_of_files(self.paths)


def has_cifar(folder: Path) -> bool:
    """Whether a folder has such batches."""
    return any(pattern.fullmatch(path.name) for path in folder.iterdir() for pattern in FILES.values())
