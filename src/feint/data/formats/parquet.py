"""Parquet in Hugging Face's image layout: ``image`` (bytes, path) and ``label``."""

import json
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, cast, final

from feint.errors import DataError

from ..decode import BrokenImage, channels_of, decode, open_image
from ..digest import digest_of_files
from ..kinds import Classes, Images
from ..labels import MOST_CLASSES
from ..places import Places
from ..source import Example, Flaw, flaws_raise, reason

ROWS = 32
BUFFER = 1 << 20
Rows = Generator[tuple[int, bytes | None]]


@final
@dataclass(frozen=True, eq=False)
class Parquet:
    """The files of one split, one after the other.

    Attributes:
        paths: the files.
        counts: their numbers of rows.
        groups: where row groups begin: from there one can read.
        labels: of all rows; None where missing.
        targets: class names.
    """

    paths: tuple[Path, ...]
    counts: tuple[int, ...]
    groups: tuple[int, ...]
    labels: tuple[int | None, ...]
    targets: Classes
    inputs: type[Images] = Images
    seekable: bool = False
    places: Places[Rows] = field(default_factory=Places[Rows], repr=False)

    @classmethod
    def open(cls, paths: tuple[Path, ...], on_error: str) -> "Parquet":
        """Read the labels, and the class names from Hugging Face's metadata.

        Args:
            paths: the files of one split, in order.
            on_error: "raise" raises at once where a label is missing.

        Raises:
            DataError: if a file cannot be read, or its columns or labels are not as expected.
        """
        labels: list[int | None] = []
        counts: list[int] = []
        groups: list[int] = []
        classes: tuple[str, ...] = ()
        for path in paths:
            found, names, sizes = _labels(path)
            if flaws_raise(on_error) and None in found:
                raise DataError(f"{path}: expected a label in every row, got none in row {found.index(None)}")
            classes = classes or names
            groups += [len(labels) + before for before in accumulate(sizes[:-1], initial=0)]
            counts.append(len(found))
            labels += found
        largest = max((label for label in labels if label is not None), default=-1)
        if classes and largest >= len(classes):
            raise DataError(f"{paths[0]}: expected labels from 0 to {len(classes) - 1}, got up to {largest}")
        names = classes or tuple(map(str, range(largest + 1)))
        return cls(paths, tuple(counts), tuple(groups), tuple(labels), Classes(names))

    @classmethod
    def find(cls, folder: Path, split: str, on_error: str) -> "Parquet":
        """Open a split of a folder, by the files' prefix: ``train-``, ``test-``.

        Raises:
            DataError: if there is no such split.
        """
        paths = _files(folder)
        chosen = tuple(path for path in paths if path.stem == split or path.stem.startswith(f"{split}-"))
        if not chosen:
            splits = sorted({path.stem.split("-")[0] for path in paths})
            raise DataError(f"{folder}: expected split {' or '.join(map(repr, splits))}, got {split!r}")
        return cls.open(chosen, on_error)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which row of which file."""
        for path, count in zip(self.paths, self.counts, strict=True):
            if sample < count:
                return f"{path}: row {sample}"
            sample -= count
        raise IndexError(sample)

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range: on from where the last one ended, or from the row group in which it begins."""
        for sample, data in self._encoded(start, stop):
            label = self.labels[sample]
            if label is None:
                yield Flaw(sample, "expected a label, got none")
                continue
            try:
                if data is None:
                    raise BrokenImage("expected an image's bytes, got none")
                pixels = decode(data, self._channels)
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
        """1 if the first readable image is grey, else 3."""
        for _, data in self._encoded(0, len(self)):
            try:
                return channels_of(open_image(data or b""))
            except BrokenImage:
                continue
        return 3

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
        for path, count in zip(self.paths, self.counts, strict=True):
            if start < before + count:
                for row, data in _rows(path, max(start - before, 0)):
                    yield before + row, data
            before += count


def has_parquet(folder: Path) -> bool:
    """Whether a folder, or its folder ``data``, has such files."""
    return bool(_files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet")) or sorted((folder / "data").glob("*.parquet"))


def _opened(path: Path) -> Any:
    """A ``pyarrow.parquet.ParquetFile``, of whose types pyarrow's stubs leave half unknown."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, buffer_size=BUFFER)  # or a row group's images are all read at once
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: expected a Parquet file, got: {reason(error)}") from error


def _labels(path: Path) -> tuple[list[int | None], tuple[str, ...], list[int]]:
    """All labels, the class names or (), and the sizes of the row groups."""
    import pyarrow
    import pyarrow.types

    with _opened(path) as file:
        schema = file.schema_arrow
        sizes = [int(file.metadata.row_group(number).num_rows) for number in range(file.metadata.num_row_groups)]
        if "image" not in schema.names or "label" not in schema.names:
            raise DataError(f"{path}: expected columns 'image' and 'label', got {', '.join(schema.names)}")
        if not pyarrow.types.is_integer(schema.field("label").type):
            raise DataError(f"{path}: expected integer labels, got {schema.field('label').type}")
        image = schema.field("image").type
        if not pyarrow.types.is_struct(image) or image.get_field_index("bytes") < 0:
            raise DataError(f"{path}: expected 'image' as struct<bytes, path>, got {image}")
        try:
            labels = cast("list[int | None]", file.read(columns=["label"]).column("label").to_pylist())
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{path}: expected labels that can be read, got: {reason(error)}") from error
    for row, label in enumerate(labels):
        if label is not None and not 0 <= label < MOST_CLASSES:
            raise DataError(f"{path}: expected labels from 0 to {MOST_CLASSES - 1}, got {label} in row {row}")
    return labels, _class_names(schema.metadata or {}), sizes


def _class_names(metadata: dict[bytes, bytes]) -> tuple[str, ...]:
    try:
        info: Any = json.loads(metadata[b"huggingface"])
        return tuple(str(name) for name in info["info"]["features"]["label"]["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _rows(path: Path, start: int) -> Rows:
    """Row numbers and image files of one file from a row on; row groups before it are not touched."""
    from pyarrow import ArrowException

    with _opened(path) as file:
        before = 0
        for group in range(file.metadata.num_row_groups):
            count = int(file.metadata.row_group(group).num_rows)
            if start < before + count:
                try:
                    yield from _rows_of_group(file, group, before, start)
                except (ArrowException, OSError) as error:
                    raise DataError(f"{path}: expected rows that can be read, got: {reason(error)}") from error
            before += count


def _rows_of_group(file: Any, group: int, row: int, start: int) -> Rows:
    for batch in file.iter_batches(ROWS, row_groups=[group], columns=["image.bytes"], use_threads=False):
        first = min(max(start - row, 0), batch.num_rows)
        for number in range(first, batch.num_rows):
            image = cast("dict[str, bytes | None] | None", batch.column(0)[number].as_py())
            yield row + number, image["bytes"] if image else None
        row += batch.num_rows
