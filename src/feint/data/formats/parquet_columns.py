"""Which columns of a Parquet file hold the images and the labels, and what the labels are."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..labels import MOST_CLASSES, MOST_EXAMPLES
from ..source import reason

IMAGES = ("image", "img")
LABELS = ("label", "labels", "fine_label", "class", "target")
MOST_BYTES = 1 << 32
"""Of a row group's images, decompressed."""


@final
@dataclass(frozen=True, eq=False)
class Columns:
    """What one file says of itself.

    Attributes:
        image: what to read of the images: ``image.bytes``, or ``image`` where that is bytes.
        labels: of all rows, indices of `seen`, or the numbers themselves; -1 where one is missing.
        seen: the names that labels are in this file, () where they are numbers.
        names: class names by number, from Hugging Face's metadata, or ().
        groups: the sizes of the row groups.
    """

    image: str
    labels: NDArray[np.int64]
    seen: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[int, ...]


def opened(path: Path) -> Any:
    """A ``pyarrow.parquet.ParquetFile``, of whose types pyarrow's stubs leave half unknown."""
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, buffer_size=1 << 20)  # or a row group's images are all read at once
    except Exception as error:  # of a damaged file, Arrow raises much
        raise DataError(f"{path}: expected a Parquet file, got: {reason(error)}") from error


def read_columns(path: Path, image: str | None, label: str | None) -> Columns:
    """Find the columns, and read the labels.

    Args:
        path: the file.
        image: the images' column, or None for the usual names.
        label: the labels' column, or None for the usual names.

    Raises:
        DataError: if the file cannot be read, or has no such columns.
    """
    with opened(path) as file:
        try:
            schema, metadata = file.schema_arrow, file.metadata
            image = _chosen(path, schema.names, image, IMAGES)
            label = _chosen(path, schema.names, label, LABELS)
            image = _leaf(path, image, schema.field(image).type)
            groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
            sizes = tuple(int(group.num_rows) for group in groups)
            if sum(sizes) > MOST_EXAMPLES or min(sizes, default=0) < 0:
                raise DataError(f"{path}: expected at most {MOST_EXAMPLES} rows, got {sum(sizes)}")
            largest = max((int(group.total_byte_size) for group in groups), default=0)
            if largest > MOST_BYTES:
                raise DataError(f"{path}: expected row groups of at most {MOST_BYTES} bytes, got {largest}")
            labels, seen = _labels(path, label, file.read(columns=[label]).column(label))
            return Columns(image, labels, seen, _class_names(schema.metadata or {}, label), sizes)
        except DataError:
            raise
        except Exception as error:
            raise DataError(f"{path}: expected labels that can be read, got: {reason(error)}") from error


def _chosen(path: Path, names: list[str], asked: str | None, usual: tuple[str, ...]) -> str:
    """The name that was asked for, or the first of the usual ones."""
    for name in usual if asked is None else (asked,):
        if name in names:
            return name
    if asked is not None:
        raise DataError(f"{path}: expected a column {asked!r}, got {', '.join(names)}")
    raise DataError(
        f"{path}: expected columns 'image' and 'label', got {', '.join(names)};"
        " name them as image_column and label_column"
    )


def _leaf(path: Path, name: str, kind: Any) -> str:
    import pyarrow.types as types

    if types.is_binary(kind) or types.is_large_binary(kind):
        return name
    if types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        return f"{name}.bytes"
    raise DataError(f"{path}: expected {name!r} as struct<bytes, path> or binary, got {kind}")


def _labels(path: Path, name: str, column: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels, -1 where one is missing, and their names if they are text."""
    import pyarrow.types as types

    arrow, compute = cast(Any, import_module("pyarrow")), cast(Any, import_module("pyarrow.compute"))
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_string(column.type) or types.is_large_string(column.type):
        coded = column.combine_chunks().dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, arrow.ChunkedArray) else coded
        seen = cast("list[str]", coded.dictionary.to_pylist())
        order = np.argsort(np.array(seen, dtype=object)) if seen else np.zeros(0, dtype=np.int64)
        rank = np.append(np.argsort(order), -1)  # the last for what is missing
        found = np.asarray(compute.fill_null(coded.indices, -1), dtype=np.int64)
        return rank[found].astype(np.int64), tuple(sorted(seen))
    if not types.is_integer(column.type):
        raise DataError(f"{path}: expected integer labels or names, got {column.type}")
    known = np.asarray(column.is_valid(), dtype=bool)
    labels = np.asarray(compute.fill_null(column.cast(arrow.int64()), 0), dtype=np.int64)
    if (strange := known & ((labels < 0) | (labels >= MOST_CLASSES))).any():
        row = int(strange.argmax())
        raise DataError(f"{path}: expected labels from 0 to {MOST_CLASSES - 1}, got {labels[row]} in row {row}")
    return np.where(known, labels, -1), ()


def _class_names(metadata: dict[bytes, bytes], label: str) -> tuple[str, ...]:
    try:
        info: Any = json.loads(metadata[b"huggingface"])
        return tuple(str(name) for name in info["info"]["features"][label]["names"])
    except (KeyError, TypeError, ValueError):
        return ()
