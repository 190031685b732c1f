"""A name or a path -> Dataset."""

from pathlib import Path

from feint.errors import DataError

from .dataset import Dataset, OnError
from .formats.cifar_binary import CifarBinary, has_cifar
from .formats.class_folders import open_class_folders
from .formats.csv_folder import open_csv_folder
from .formats.digits import Digits
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


def load(
    source: str | Path,
    *,
    split: str = "test",
    resize: int | None = None,
    crop: int | None = None,
    on_error: OnError = "raise",
) -> Dataset:
    """Open labelled images; no pixels are read yet.

    Args:
        source: "digits", "torchvision:NAME", or the path of a file or folder; its content decides on the format.
        split: "train" or "test", or what else the source has; of no effect where a source is one split only.
        resize: scale the short side to this many pixels, bilinear and antialiased.
        crop: cut out the centre square of this many pixels, after resizing.
        on_error: "skip" leaves out single images that cannot be read or have no label (see ``Dataset.skipped``).

    Returns:
        Images in [0, 1], all of one size.

    Raises:
        DataError: if the source does not exist, or is not as its format wants it.

    >>> load("digits").shape
    (1, 8, 8)
    """
    name = str(source)
    return Dataset(name, _open(name, split, on_error), resize=resize, crop=crop, on_error=on_error)


def _open(name: str, split: str, on_error: OnError) -> Source:
    if name == "digits":
        return Digits.open(split)
    if name.startswith(PREFIX):
        return TorchvisionSet.open(name.removeprefix(PREFIX), split)
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            return _open_folder(path, split, on_error)
        if path.is_file():
            return _open_file(path, split, on_error)
    except OSError as error:
        raise DataError(f"{name}: expected files that can be read, got: {reason(error)}") from error
    raise DataError(f"expected {FORMATS}; got {name!r}, which does not exist")


def _open_file(path: Path, split: str, on_error: OnError) -> Source:
    if is_idx(path):
        return Idx.open(path)
    match path.suffix.lower():
        case ".npz":
            return _open_npz(path, split)
        case ".parquet":
            return Parquet.open((path,), on_error)
        case ".mat":
            return Svhn.open(path)
        case ".csv":
            return open_csv_folder(path, on_error)
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


def _open_folder(folder: Path, split: str, on_error: OnError) -> Source:
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not names:
        raise DataError(f"{folder}: expected a folder with images, got an empty one")
    if has_idx(folder):
        return Idx.find(folder, split)
    if has_cifar(folder):
        return CifarBinary.find(folder, split)
    if has_stl(folder):
        return StlBinary.find(folder, split)
    if has_svhn(folder):
        return Svhn.find(folder, split)
    if has_parquet(folder):
        return Parquet.find(folder, split, on_error)
    tables = [name for name in names if name.lower().endswith(".csv")]
    if len(tables) > 1:
        raise DataError(f"{folder}: expected one CSV of labels, got {', '.join(tables)}; name the one that is meant")
    if tables:
        return open_csv_folder(folder / tables[0], on_error)
    if any((folder / name).is_dir() for name in names):
        return open_class_folders(folder, split)
    raise DataError(f"{folder}: expected {FORMATS}; got a folder with {', '.join(names[:3])}")
