"""A folder of images with one CSV of labels: columns ``file`` and ``label``, and perhaps ``name``."""

import csv
from pathlib import Path

from feint.errors import DataError

from ..kinds import Classes
from ..labels import MOST_CLASSES
from ..source import flaws_raise, reason
from .image_files import ImageFiles


def open_csv_folder(path: Path, on_error: str) -> ImageFiles:
    """Read the table; the images' names are relative to its folder.

    Args:
        path: the CSV. ``name``, where it has one, names the label's class; any other column is ignored.
        on_error: "raise" raises at once where a file or a label is missing.

    Raises:
        DataError: if columns, labels or files are not as expected.
    """
    files: list[str] = []
    labels: list[int | None] = []
    names: dict[int, str] = {}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        file, label = row.get("file"), _label(row.get("label"), where)
        if not file:
            raise DataError(f"{where}: expected a file's name in column 'file', got none")
        if flaws_raise(on_error):
            if label is None:
                raise DataError(f"{where}: expected a label for {file}, got none")
            if not (path.parent / file).is_file():
                raise DataError(f"{where}: expected the image {path.parent / file}, got no such file")
        name = row.get("name")
        if name and label is not None and names.setdefault(label, name) != name:
            raise DataError(f"{where}: expected label {label} to be {names[label]!r} as before, got {name!r}")
        files.append(file)
        labels.append(label)
    known = [label for label in labels if label is not None]
    if not known:
        raise DataError(f"{path}: expected rows with a file and a label, got none")
    classes = tuple(names.get(label, str(label)) for label in range(max(known) + 1))
    return ImageFiles(path.parent, tuple(files), tuple(labels), Classes(classes))


def _rows(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """Line numbers and cells by column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            if "file" not in columns or "label" not in columns:
                raise DataError(f"{path}: expected columns 'file' and 'label', got {', '.join(columns) or 'none'}")
            return [(reader.line_num, dict(row)) for row in reader]
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path}: expected a CSV in UTF-8, got: {reason(error)}") from error


def _label(cell: str | None, where: str) -> int | None:
    text = (cell or "").strip()
    if not text:
        return None
    try:
        label = int(text)
    except ValueError:
        raise DataError(f"{where}: expected an integer label, got {text!r}") from None
    if not 0 <= label < MOST_CLASSES:
        raise DataError(f"{where}: expected a label from 0 to {MOST_CLASSES - 1}, got {label}")
    return label
