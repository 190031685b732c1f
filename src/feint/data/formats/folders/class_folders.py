"""Class folders: one folder per class, the images in there."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from feint.errors import DataError

from ...decode import Channels
from ...kinds import Classes
from ...splits import KNOWN, choose_split, split_of
from .image_files import SUFFIXES, ImageFiles

SIDECARS = ("__MACOSX", "__pycache__", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found")
"""What systems and programs leave in folders, some with small pictures in it; so are folders that begin with a dot."""


def open_class_folders(folder: Path, split: str, channels: Channels | None = None) -> ImageFiles:
    """List the images of a folder of class folders; classes are sorted by name, images by path.

    A class is a folder with an image in it, at any depth, also behind links; hidden folders and what systems leave
    (`SIDECARS`) are passed over.

    Args:
        folder: holds either the class folders, or one folder of class folders per split: train, Training, val ...
        split: which of these; of no effect where there are none.
        channels: as of ``ImageFiles``.

    Raises:
        DataError: if there is no such split, or there are no images.
    """
    splits = [name for name in _folders(folder) if split_of(name) in KNOWN and _folders(folder / name)]
    if splits or split_of(split) not in ("train", "test"):
        chosen = choose_split(splits, split)
        if len(chosen) != 1:
            names = " or ".join(map(repr, chosen or splits)) or "'train' or 'test'"
            raise DataError(f"{folder}: expected split {names}, got {split!r}")
        folder = folder / chosen[0]
    files: list[str] = []
    labels: list[int] = []
    classes: list[str] = []
    found = _folders(folder)
    for name in found:
        if images := sorted(_images(folder, name)):
            files += images
            labels += [len(classes)] * len(images)
            classes.append(name)
    if not files:
        raise DataError(f"{folder}: expected class folders with images, got {len(found)} folders without any")
    return ImageFiles(folder, tuple(files), np.array(labels, dtype=np.int64), Classes(tuple(classes)), channels)


def _folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if _counts(path.name) and path.is_dir())


def _counts(name: str) -> bool:
    return not name.startswith(".") and name not in SIDECARS


def _images(root: Path, folder: str, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of the images in a folder and those below it, relative to the root; a link back up is not followed."""
    place = os.path.realpath(root / folder)
    if place in inside:
        return
    with os.scandir(root / folder) as entries:
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if not _counts(entry.name):
                continue
            if entry.is_dir():
                yield from _images(root, name, (*inside, place))
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                yield name
