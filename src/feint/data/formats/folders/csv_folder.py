"""A folder of images with one CSV of labels: columns ``file`` and ``label``, and perhaps ``name``."""

import csv
import os
from pathlib import Path

from feint.errors import DataError

from ...decode import Channels
from ...kinds import Classes
from ...labels import named_labels
from ...source import flaws_raise, reason
from .image_files import ImageFiles


def open_csv_folder(
    path: Path,
    on_error: str,
    *,
    channels: Channels | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
) -> ImageFiles:
    """Read the table; the images' names are relative to its folder, and stay in there.

    Args:
        path: the CSV. ``name``, where it has one, names the label's class; any other column is ignored.
        on_error: "raise" raises at once where a file or a label is missing.
        channels: as of ``ImageFiles``.
        image_column: of the files' names; None for ``file``.
        label_column: of the labels: integers, or names of classes, which are then sorted; None for ``label``.

    Raises:
        DataError: if columns, labels or files are not as expected.
    """
    columns = image_column or "file", label_column or "label"
    files: list[str] = []
    cells: list[str | None] = []
    lines: list[str] = []
    names: dict[str, str] = {}
    for line, row in _rows(path, columns):
        where = f"{path}, line {line}"
        file, label = row.get(columns[0]), (row.get(columns[1]) or "").strip() or None
        if not file:
            raise DataError(f"{where}: expected a file's name in column {columns[0]!r}, got none")
        if os.path.isabs(file) or Path(os.path.normpath(file)).parts[:1] == ("..",):
            raise DataError(f"{where}: expected a file in the table's folder, got {file!r}")
        if flaws_raise(on_error):
            if label is None:
                raise DataError(f"{where}: expected a label for {file}, got none")
            if not (path.parent / file).is_file():
                raise DataError(f"{where}: expected the image {path.parent / file}, got no such file")
        name = row.get("name")
        if name and label is not None and names.setdefault(label, name) != name:
            raise DataError(f"{where}: expected label {label} to be {names[label]!r} as before, got {name!r}")
        files.append(file)
        cells.append(label)
        lines.append(where)
    if all(cell is None for cell in cells):
        raise DataError(f"{path}: expected rows with a file and a label, got none")
    labels, classes = named_labels(cells, lines)
    named = {label: names[cell] for label, cell in zip(labels.tolist(), cells, strict=True) if cell in names}
    return ImageFiles(
        path.parent,
        tuple(files),
        labels,
        Classes(tuple(named.get(label, name) for label, name in enumerate(classes))),
        channels,
    )


def _rows(path: Path, expected: tuple[str, str]) -> list[tuple[int, dict[str, str | None]]]:
    """Line numbers and cells by column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            if not set(expected) <= set(columns):
                wanted = " and ".join(map(repr, expected))
                raise DataError(f"{path}: expected columns {wanted}, got {', '.join(columns) or 'none'}")
            return [(reader.line_num, dict(row)) for row in reader]
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path}: expected a CSV in UTF-8, got: {reason(error)}") from error
