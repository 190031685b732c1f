"""MNIST's idx format, gzipped or not: one file of images, one of labels."""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..decode import MOST_PIXELS
from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import checked_count, checked_labels, numbered_classes
from ..places import Place, Places
from ..source import Example, Flaw, from_bytes, reason
from ..splits import check_split

IMAGES, LABELS = 0x803, 0x801
PREFIXES = {"train": ("train",), "test": ("t10k", "test")}
NAME = re.compile(r"(?:.*-)?(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
CHUNK = 1 << 20
UNREADABLE = (EOFError, zlib.error, OSError)


@final
@dataclass(frozen=True, eq=False)
class Idx:
    """Grey images of one byte per pixel."""

    path: Path
    labels_path: Path
    height: int
    width: int
    labels: NDArray[np.int64]
    targets: Classes
    seekable: bool
    inputs: type[Images] = Images
    places: Places[gzip.GzipFile] = field(default_factory=Places[gzip.GzipFile], repr=False)

    @classmethod
    def open(cls, path: Path) -> "Idx":
        """Read the labels, and the header of the images.

        Args:
            path: the file of images; the labels' file is found beside it, by its name.

        Raises:
            DataError: if either is missing, is something else or is cut short, or their counts differ.
        """
        if "images" not in path.name:
            raise DataError(f"{path}: expected the idx file of the images, its name with 'images', got {path.name}")
        labels_path = _labels_beside(path)
        count, height, width = _header(path, IMAGES, 3)
        (labels_count,) = _header(labels_path, LABELS, 1)
        if height * width > MOST_PIXELS:
            raise DataError(f"{path}: expected images of at most {MOST_PIXELS} pixels, got {height}x{width}")
        checked_count(np.dtype(np.uint8), (labels_count,), count, str(labels_path))
        with _opened(labels_path) as file:
            labels = np.frombuffer(_exactly(labels_path, file, 8, labels_count), dtype=np.uint8)
        checked = checked_labels(labels, count, str(labels_path))
        return cls(path, labels_path, height, width, checked, Classes(numbered_classes(checked)), not _gzipped(path))

    @classmethod
    def find(cls, folder: Path, split: str) -> "Idx":
        """Open the split of a folder with the family's usual names: ``train-*`` and ``t10k-*``.

        Raises:
            DataError: if it has no such split, or several.
        """
        found = {
            path.name.removesuffix(".gz"): path
            for path in sorted(folder.iterdir(), reverse=True)
            if _is(path, "images")
        }
        check_split(folder, split)
        chosen = [path for path in found.values() if (m := NAME.fullmatch(path.name)) and m[1] in PREFIXES[split]]
        if len(chosen) != 1:
            names = ", ".join(sorted(path.name for path in chosen or found.values()))
            raise DataError(f"{folder}: expected one file of images for split {split!r}, got {names}")
        return cls.open(chosen[0])

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which image of the file."""
        return f"{self.path}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range; gzipped, from where the last one ended, or from the beginning if that lies beyond."""
        if self.seekable:
            with self.path.open("rb") as file:
                yield from self._examples(Place(file), start, stop)
        else:
            with self.places.reading(start, len(self), lambda: gzip.GzipFile(self.path, "rb")) as place:
                yield from self._examples(place, start, stop)

    def fingerprint(self) -> str:
        """Of both files."""
        return digest_of_files([self.path, self.labels_path])

    def _examples(
        self, place: Place[gzip.GzipFile] | Place[BufferedReader], start: int, stop: int
    ) -> Iterator[Example | Flaw]:
        size = self.height * self.width
        step = max(1, CHUNK // size)
        for first in range(start, stop, step):
            count = min(step, stop - first)
            data = _exactly(self.path, place.stream, 16 + first * size, count * size)
            place.at = first + count
            for number, pixels in enumerate(from_bytes(data, (count, self.height, self.width, 1))):
                yield Example(first + number, pixels, int(self.labels[first + number]))


def has_idx(folder: Path) -> bool:
    """Whether a folder has images in this format under the usual names."""
    return any(_is(path, "images") for path in folder.iterdir())


def is_idx(path: Path) -> bool:
    """Whether a file is named like one of these."""
    return NAME.fullmatch(path.name) is not None or re.search(r"idx[13]-ubyte(\.gz)?$", path.name) is not None


def _is(path: Path, kind: str) -> bool:
    match = NAME.fullmatch(path.name)
    return match is not None and match[2] == kind and path.is_file()


def _labels_beside(path: Path) -> Path:
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    candidates = [path.with_name(name), path.with_name(name + ".gz")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise DataError(f"{path}: expected its labels beside it as {name} or {name}.gz, got neither")


def _gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.GzipFile(path, "rb") if _gzipped(path) else path.open("rb")


def _exactly(path: Path, file: gzip.GzipFile | BufferedReader, offset: int, size: int) -> bytes:
    """Bytes from an offset on, which must not lie before the place reached."""
    try:
        file.seek(offset)
        data = file.read(size)
    except UNREADABLE as error:
        raise DataError(f"{path}: expected {offset + size} bytes, got a damaged file: {reason(error)}") from error
    if len(data) < size:
        raise DataError(f"{path}: expected {offset + size} bytes, got a file cut short after {offset + len(data)}")
    return data


def _header(path: Path, magic: int, dimensions: int) -> tuple[int, ...]:
    with _opened(path) as file:
        words = np.frombuffer(_exactly(path, file, 0, 4 * (1 + dimensions)), dtype=">u4").tolist()
    if words[0] != magic:
        raise DataError(f"{path}: expected an idx file with magic number {magic}, got {words[0]}")
    if 0 in words[2:]:
        raise DataError(f"{path}: expected images with pixels, got {words[2]}x{words[3]}")
    return tuple(words[1:])
