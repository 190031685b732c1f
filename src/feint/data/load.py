"""A name or a path -> Dataset."""

from dataclasses import dataclass
from pathlib import Path

from feint.errors import DataError
from feint.printable import printable

from .dataset import Dataset, OnError
from .decode import Channels
from .formats.cifar_binary import CifarBinary, has_cifar
from .formats.digits import Digits
from .formats.folders.class_folders import open_class_folders
from .formats.folders.csv_folder import open_csv_folder
from .formats.folders.image_files import ImageFiles
from .formats.idx import Idx, has_idx, is_idx
from .formats.npz import Npz
from .formats.npz_arrays import array_names
from .formats.npz_columns import NpzColumns
from .formats.parquet import Parquet, has_parquet
from .formats.stl_binary import StlBinary, has_stl
from .formats.svhn import Svhn, has_svhn
from .formats.torchvision_sets import PREFIX, TorchvisionSet
from .source import Source, reason

FORMATS = (
    "'digits', 'torchvision:NAME', an .npz, idx, .parquet, .mat or .csv file, or a folder with idx files,"
    " Parquet files, class folders, a CSV of labels, CIFAR-10, STL-10 or SVHN"
)


@dataclass(frozen=True)
class _How:
    """What readers are told beside the place."""

    split: str
    on_error: OnError
    channels: Channels | None
    columns: dict[str, str]


def load(
    source: str | Path,
    *,
    split: str = "test",
    resize: int | None = None,
    crop: int | None = None,
    on_error: OnError = "raise",
    channels: Channels | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
) -> Dataset:
    """Open images with labels, or a table of numbers; no pixels are read yet.

    Args:
        source: "digits", "torchvision:NAME", or the path of a file or folder; its content decides on the format.
        split: "train" or "test", or what else the source has; of no effect where a source is one split only.
        resize: scale the short side to this many pixels, bilinear and antialiased.
        crop: cut out the centre square of this many pixels, after resizing.
        on_error: "skip" leaves out single images that cannot be read or have no label (see ``Dataset.skipped``).
        channels: "grey" for one channel, "rgb" for three, whatever the files have; None for what arrays have, and of
            pictures for grey if most of the first are grey.
        image_column: of a Parquet file or a CSV, if it is not called ``image`` or ``file``.
        label_column: of a Parquet file or a CSV, if it is not called ``label``.

    Returns:
        Images in [0, 1], all of one size; or standardised columns.

    Raises:
        DataError: if the source does not exist, or is not as its format wants it.

    >>> load("digits").shape
    (1, 8, 8)
    """
    name = str(source)
    if channels not in (None, "grey", "rgb"):
        raise DataError(f"channels: expected 'grey' or 'rgb', got {channels!r}")
    columns = {"image_column": image_column, "label_column": label_column}
    how = _How(split, on_error, channels, {key: value for key, value in columns.items() if value is not None})
    try:
        found = _open(name, how)
    except DataError as error:
        if (message := printable(str(error))) == str(error):
            raise
        raise DataError(message) from error  # names of files and columns are whatever somebody wrote
    if how.columns and not isinstance(found, Parquet | ImageFiles):
        raise DataError(f"{next(iter(how.columns))}: expected a Parquet file or a CSV, got {name}")
    return Dataset(name, found, resize=resize, crop=crop, on_error=on_error, channels=channels)


def _open(name: str, how: _How) -> Source:
    if name == "digits":
        return Digits.open(how.split)
    if name.startswith(PREFIX):
        return TorchvisionSet.open(name.removeprefix(PREFIX), how.split, how.channels)
    path = Path(name).expanduser()
    try:
        if name and path.is_dir():
            return _open_folder(path, how)
        if path.is_file():
            return _open_file(path, how)
        if path.exists():
            raise DataError(f"{name}: expected a file or a folder, got a device or a pipe")
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name}: expected files that can be read, got: {reason(error)}") from error
    raise DataError(f"expected {FORMATS}; got {name!r}, which does not exist")


def _open_file(path: Path, how: _How) -> Source:
    if is_idx(path):
        return Idx.open(path)
    match path.suffix.lower():
        case ".npz":
            return _open_npz(path, how.split)
        case ".parquet":
            return Parquet.open((path,), how.on_error, channels=how.channels, **how.columns)
        case ".mat":
            return Svhn.open(path)
        case ".csv":
            return open_csv_folder(path, how.on_error, channels=how.channels, **how.columns)
        case _:
            raise DataError(f"{path}: expected {FORMATS}; got a file named {path.name}")


def _open_npz(path: Path, split: str) -> Source:
    names = array_names(path)
    if {"images", "labels"} <= set(names):
        return Npz.open(path)
    if {"X", "y"} <= set(names):
        return NpzColumns.open(path, split)
    came = ", ".join(names) or "none"
    raise DataError(f"{path}: expected arrays 'images' and 'labels', or 'X' and 'y', got {came}")


def _open_folder(folder: Path, how: _How) -> Source:
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not names:
        raise DataError(f"{folder}: expected a folder with images, got an empty one")
    if has_idx(folder):
        return Idx.find(folder, how.split)
    if has_cifar(folder):
        return CifarBinary.find(folder, how.split)
    if has_stl(folder):
        return StlBinary.find(folder, how.split)
    if has_svhn(folder):
        return Svhn.find(folder, how.split)
    tables = [name for name in names if name.lower().endswith(".csv") and (folder / name).is_file()]
    if has_parquet(folder, below=not tables):
        return Parquet.find(folder, how.split, how.on_error, channels=how.channels, **how.columns)
    if len(tables) > 1:
        raise DataError(f"{folder}: expected one CSV of labels, got {', '.join(tables)}; name the one that is meant")
    if tables:
        return open_csv_folder(folder / tables[0], how.on_error, channels=how.channels, **how.columns)
    if any((folder / name).is_dir() for name in names):
        if how.columns:
            raise DataError(
                f"{next(iter(how.columns))}: expected a Parquet file or a CSV, got class folders in {folder}"
            )
        return open_class_folders(folder, how.split, how.channels)
    raise DataError(f"{folder}: expected {FORMATS}; got a folder with {', '.join(names[:3])}")
