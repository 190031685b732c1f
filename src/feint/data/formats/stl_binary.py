"""STL-10's binary version: 3 x 96 x 96 bytes per image, column by column; labels from 1 in a file of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import checked_labels
from ..source import Example, Flaw
from ..splits import check_split
from .records import count_records, read_names, read_records

SHAPE = (3, 96, 96)
RECORD = 3 * 96 * 96


@final
@dataclass(frozen=True, eq=False)
class StlBinary:
    """The images of one split."""

    path: Path
    labels_path: Path
    labels: NDArray[np.int64]
    targets: Classes
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def find(cls, folder: Path, split: str) -> "StlBinary":
        """Read a split's labels, and the class names in ``class_names.txt``.

        Raises:
            DataError: if there is no such split, a file is cut short, or the counts of images and labels differ.
        """
        check_split(folder, split)
        path, labels_path = folder / f"{split}_X.bin", folder / f"{split}_y.bin"
        images = count_records(path, RECORD)
        count_records(labels_path, 1)
        stored = np.fromfile(labels_path, dtype=np.uint8).astype(np.int64)
        if len(stored) and stored.min() < 1:
            raise DataError(f"{labels_path}: expected labels from 1, got 0 at image {int(stored.argmin())}")
        labels = checked_labels(stored - 1, images, str(labels_path))
        names = read_names(folder / "class_names.txt") or tuple("0123456789")
        return cls(path, labels_path, labels, Classes(names))

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which image of the file."""
        return f"{self.path}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range."""
        for sample, record in enumerate(read_records(self.path, RECORD, start, stop), start=start):
            yield Example(sample, record.reshape(SHAPE).transpose(2, 1, 0), int(self.labels[sample]))

    def fingerprint(self) -> str:
        """Of both files."""
        return digest_of_files([self.path, self.labels_path])


def has_stl(folder: Path) -> bool:
    """Whether a folder has a split in this format."""
    return any((folder / f"{split}_X.bin").is_file() for split in ("train", "test"))
