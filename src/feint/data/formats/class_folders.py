"""Class folders: one folder per class, the images in there."""

from pathlib import Path

from feint.errors import DataError

from ..kinds import Classes
from .image_files import SUFFIXES, ImageFiles

SPLITS = ("train", "test", "val", "validation", "valid")


def open_class_folders(folder: Path, split: str) -> ImageFiles:
    """List the images of a folder of class folders; classes are sorted by name, images by path.

    Args:
        folder: holds either the class folders, or one folder of class folders per split.
        split: which of these; of no effect where there are none.

    Raises:
        DataError: if there is no such split, or there are no images.
    """
    splits = [name for name in SPLITS if (folder / name).is_dir() and _folders(folder / name)]
    if splits or split not in ("train", "test"):
        if split not in splits:
            names = " or ".join(map(repr, splits)) or "'train' or 'test'"
            raise DataError(f"{folder}: expected split {names}, got {split!r}")
        folder = folder / split
    classes = _folders(folder)
    files: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = sorted(
            path.relative_to(folder).as_posix()
            for path in (folder / name).rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
        files += found
        labels += [label] * len(found)
    if not files:
        raise DataError(f"{folder}: expected class folders with images, got {len(classes)} folders without any")
    return ImageFiles(folder, tuple(files), tuple(labels), Classes(tuple(classes)))


def _folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
