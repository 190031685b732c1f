"""Parquet in Hugging Face's image layout: ``image`` (bytes, path) and ``label``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, final

from feint.errors import DataError

from ..decode import BrokenImage, channels_of, decode, open_image
from ..digest import digest_of_files
from ..labels import MOST_CLASSES
from ..source import Example, Flaw, flaws_raise, reason

ROWS = 64


@final
@dataclass(frozen=True, eq=False)
class Parquet:
    """The files of one split, one after the other.

    Attributes:
        paths: the files.
        counts: their numbers of rows.
        labels: of all rows; None where missing.
        classes: class names.
    """

    paths: tuple[Path, ...]
    counts: tuple[int, ...]
    labels: tuple[int | None, ...]
    classes: tuple[str, ...]
    seekable: bool = False

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
        classes: tuple[str, ...] = ()
        for path in paths:
            found, names = _labels(path)
            if flaws_raise(on_error) and None in found:
                raise DataError(f"{path}: expected a label in every row, got none in row {found.index(None)}")
            classes = classes or names
            counts.append(len(found))
            labels += found
        largest = max((label for label in labels if label is not None), default=-1)
        if classes and largest >= len(classes):
            raise DataError(f"{paths[0]}: expected labels from 0 to {len(classes) - 1}, got up to {largest}")
        return cls(paths, tuple(counts), tuple(labels), classes or tuple(map(str, range(largest + 1))))

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
        """Read a range, in small batches of rows, from the row group on in which it begins."""
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
        before = 0
        for path, count in zip(self.paths, self.counts, strict=True):
            first, last = max(start - before, 0), min(stop - before, count)
            if first < last:
                for row, data in _rows(path, first, last):
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
        return ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: expected a Parquet file, got: {reason(error)}") from error


def _labels(path: Path) -> tuple[list[int | None], tuple[str, ...]]:
    """All labels, and the class names or ()."""
    import pyarrow
    import pyarrow.types

    with _opened(path) as file:
        schema = file.schema_arrow
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
    return labels, _class_names(schema.metadata or {})


def _class_names(metadata: dict[bytes, bytes]) -> tuple[str, ...]:
    try:
        info: Any = json.loads(metadata[b"huggingface"])
        return tuple(str(name) for name in info["info"]["features"]["label"]["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _rows(path: Path, start: int, stop: int) -> Iterator[tuple[int, bytes | None]]:
    """Row numbers and image files of a range of one file; row groups outside the range are not touched."""
    from pyarrow import ArrowException

    with _opened(path) as file:
        before = 0
        for group in range(file.metadata.num_row_groups):
            count = int(file.metadata.row_group(group).num_rows)
            if start < before + count and before < stop:
                try:
                    yield from _rows_of_group(file, group, before, start, stop)
                except (ArrowException, OSError) as error:
                    raise DataError(f"{path}: expected rows that can be read, got: {reason(error)}") from error
            before += count


def _rows_of_group(file: Any, group: int, row: int, start: int, stop: int) -> Iterator[tuple[int, bytes | None]]:
    for batch in file.iter_batches(ROWS, row_groups=[group], columns=["image.bytes"], use_threads=False):
        first, last = max(start - row, 0), min(stop - row, batch.num_rows)
        images = batch.column(0).slice(first, max(last - first, 0)).to_pylist()
        for number, image in enumerate(cast("list[dict[str, bytes | None] | None]", images), start=row + first):
            yield number, image["bytes"] if image else None
        row += batch.num_rows
        if row >= stop:
            return
