"""Parquet in Hugging Face's image layout: ``image`` (bytes, path) and ``label``."""

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..decode import BrokenImage, Channels, channels_by_name, channels_of, decode, most_common, open_image
from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import named_labels
from ..places import Places
from ..source import Example, Flaw, flaws_raise, placed, reason
from ..splits import KNOWN, choose_split, split_of
from .parquet_columns import opened, read_columns

ROWS = 32
Rows = Generator[tuple[int, bytes | None]]


@final
@dataclass(frozen=True, eq=False)
class Parquet:
    """The files of one split, one after the other.

    Attributes:
        paths: the files.
        images: what to read of each.
        counts: their numbers of rows.
        groups: where row groups begin: from there one can read.
        labels: of all rows; -1 where missing.
        targets: class names.
        channels: as of ``ImageFiles``.
    """

    paths: tuple[Path, ...]
    images: tuple[str, ...]
    counts: tuple[int, ...]
    groups: tuple[int, ...]
    labels: NDArray[np.int64]
    targets: Classes
    channels: Channels | None = None
    inputs: type[Images] = Images
    seekable: bool = False
    places: Places[Rows] = field(default_factory=Places[Rows], repr=False)

    @classmethod
    def open(
        cls,
        paths: tuple[Path, ...],
        on_error: str,
        *,
        channels: Channels | None = None,
        image_column: str | None = None,
        label_column: str | None = None,
    ) -> "Parquet":
        """Read the labels, and the class names: from Hugging Face's metadata, or labels that are names themselves.

        Args:
            paths: the files of one split, in order.
            on_error: "raise" raises at once where a label is missing.
            channels: as of ``ImageFiles``.
            image_column: None for ``image`` or ``img``.
            label_column: None for ``label``, or what else it is usually called.

        Raises:
            DataError: if a file cannot be read, or its columns or labels are not as expected.
        """
        found = [read_columns(path, image_column, label_column) for path in paths]
        if len({bool(each.seen) for each in found if len(each.labels)}) > 1:
            raise DataError(f"{paths[0]}: expected labels of one kind in all files, got names and numbers")
        seen = sorted({name for each in found for name in each.seen})
        of_name, classes = named_labels(seen, [str(paths[0])] * len(seen))
        parts: list[NDArray[np.int64]] = []
        groups: list[int] = []
        before = 0
        for path, each in zip(paths, found, strict=True):
            if flaws_raise(on_error) and (each.labels < 0).any():
                row = int((each.labels < 0).argmax())
                raise DataError(f"{path}: expected a label in every row, got none in row {row}")
            groups += [before + first for first in accumulate(each.groups[:-1], initial=0)]
            before += len(each.labels)
            number = np.append(of_name[np.searchsorted(seen, each.seen)], -1) if each.seen else None
            parts.append(each.labels if number is None else number[each.labels])
        labels = np.concatenate(parts)
        largest = int(labels.max(initial=-1))
        names = next((each.names for each in found if each.names), ())
        if names and largest >= len(names):
            raise DataError(f"{paths[0]}: expected labels from 0 to {len(names) - 1}, got up to {largest}")
        classes = names or classes or tuple(map(str, range(largest + 1)))
        counts = tuple(len(each.labels) for each in found)
        images = tuple(each.image for each in found)
        return cls(paths, images, counts, tuple(groups), labels, Classes(classes), channels)

    @classmethod
    def find(cls, folder: Path, split: str, on_error: str, **options: Any) -> "Parquet":
        """Open a split of a folder, by the files' prefix or folder: ``train-00000-of-00001``, ``train/0000``.

        Raises:
            DataError: if there is no such split, or there are several data sets.
        """
        paths = _files(folder)
        splits = sorted({_split_name(path) for path in paths})
        chosen = choose_split(splits, split)
        if len(chosen) != 1:
            raise DataError(f"{folder}: expected split {' or '.join(map(repr, chosen or splits))}, got {split!r}")
        return cls.open(tuple(path for path in paths if _split_name(path) == chosen[0]), on_error, **options)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which row of which file."""
        return placed("row", sample, self.paths, self.counts)

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range: on from where the last one ended, or from the row group in which it begins."""
        for sample, data in self._encoded(start, stop):
            label = int(self.labels[sample])
            if label < 0:
                yield Flaw(sample, "expected a label, got none")
                continue
            try:
                if data is None:
                    raise BrokenImage("expected an image's bytes, got none")
                pixels = decode(data, self._channels, convert=self.channels is not None)
            except BrokenImage as error:
                yield Flaw(sample, str(error))
            except DataError as error:
                raise DataError(f"{self.where(sample)}: {error}") from error
            else:
                yield Example(sample, pixels, label)

    def fingerprint(self) -> str:
        """Of the files."""
        return digest_of_files(self.paths)

    @cached_property
    def _channels(self) -> int:
        return channels_by_name(self.channels) or most_common(self._looks())

    def _looks(self) -> Iterator[int]:
        for _, data in self._encoded(0, len(self)):
            try:
                yield channels_of(open_image(data or b""))
            except BrokenImage:
                continue

    def _encoded(self, start: int, stop: int) -> Iterator[tuple[int, bytes | None]]:
        """Sample indices and the bytes of the image files."""
        since = self.groups[bisect_right(self.groups, start) - 1]
        with self.places.reading(start, len(self), lambda: self._rows(start), since) as place:
            while place.at < stop:
                found = next(place.stream, None)
                if found is None:
                    raise DataError(f"{self.where(place.at)}: expected {len(self)} rows in all, got {place.at}")
                sample, data = found
                place.at = sample + 1
                if sample >= start:
                    yield sample, data

    def _rows(self, start: int) -> Rows:
        """All rows from one on."""
        before = 0
        for path, image, count in zip(self.paths, self.images, self.counts, strict=True):
            if start < before + count:
                for row, data in _rows(path, image, max(start - before, 0)):
                    yield before + row, data
            before += count


def has_parquet(folder: Path, *, below: bool = False) -> bool:
    """Whether a folder has such files, itself or in ``data``; or also in the folders below it."""
    return bool(_near(folder)) or (below and any(True for _ in _all(folder)))


def _near(folder: Path) -> list[Path]:
    return sorted(_in(folder, "*.parquet")) or sorted(_in(folder / "data", "*.parquet"))


def _all(folder: Path) -> Iterator[Path]:
    """Such files in a folder and up to two levels below."""
    for depth in ("*.parquet", "*/*.parquet", "*/*/*.parquet"):
        yield from _in(folder, depth)


def _in(folder: Path, pattern: str) -> Iterator[Path]:
    return (path for path in folder.glob(pattern) if not path.name.startswith(".") and path.is_file())


def _files(folder: Path) -> list[Path]:
    """Those of one configuration: in the folder, in ``data``, or in the only folder that has any.

    Raises:
        DataError: if several folders have some, and are not called like splits.
    """
    if near := _near(folder):
        return near
    found = sorted(_all(folder))
    # A configuration is a folder of files, or of folders that are called like splits.
    bases = {path.parent.parent if split_of(path.parent.name) in KNOWN else path.parent for path in found}
    if len(bases) > 1:
        names = ", ".join(sorted(str(base) for base in bases))
        raise DataError(f"{folder}: expected the Parquet files of one data set, got several; name one of {names}")
    return found


def _split_name(path: Path) -> str:
    """What split a file belongs to: ``train-00000-of-00002`` or ``train/0000``."""
    prefix = re.split(r"[-.]", path.stem)[0]
    parent = path.parent.name
    return parent if split_of(prefix) not in KNOWN and split_of(parent) in KNOWN else prefix


def _rows(path: Path, image: str, start: int) -> Rows:
    """Row numbers and image files of one file from a row on; row groups before it are not touched."""
    with opened(path) as file:
        before = 0
        for group in range(file.metadata.num_row_groups):
            count = int(file.metadata.row_group(group).num_rows)
            if start < before + count:
                try:
                    yield from _rows_of_group(file, image, group, before, start)
                except Exception as error:
                    raise DataError(f"{path}: expected rows that can be read, got: {reason(error)}") from error
            before += count


def _rows_of_group(file: Any, column: str, group: int, row: int, start: int) -> Rows:
    for batch in file.iter_batches(ROWS, row_groups=[group], columns=[column], use_threads=False):
        first = min(max(start - row, 0), batch.num_rows)
        for number in range(first, batch.num_rows):
            image = cast("dict[str, bytes | None] | bytes | None", batch.column(0)[number].as_py())
            yield row + number, image["bytes"] if isinstance(image, dict) else image
        row += batch.num_rows
