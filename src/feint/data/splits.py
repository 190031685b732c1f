"""Names of splits: what people call the same thing."""

from collections.abc import Iterable
from pathlib import Path

from feint.errors import DataError

_SAME = {"training": "train", "testing": "test", "validation": "val", "valid": "val"}
KNOWN = ("train", "test", "val")


def split_of(name: str) -> str:
    """A split's usual name, whatever its capitals; other names as they are, in small letters.

    >>> split_of("Training"), split_of("valid"), split_of("extra")
    ('train', 'val', 'extra')
    """
    name = name.lower()
    return _SAME.get(name, name)


def check_split(where: Path | str, split: str) -> None:
    """Raise a DataError for anything but the two splits that standard sets have."""
    if split not in ("train", "test"):
        raise DataError(f"{where}: expected split 'train' or 'test', got {split!r}")


def choose_split(names: Iterable[str], split: str) -> list[str]:
    """Those names that mean a split: the one that is called exactly so, or else all that mean the same.

    >>> choose_split(["Train", "Test"], "test"), choose_split(["val", "validation"], "val")
    (['Test'], ['val'])
    """
    same = [name for name in names if split_of(name) == split_of(split)]
    return [split] if split in same else same
