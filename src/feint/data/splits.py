"""Names of splits: what people call the same thing."""

from collections.abc import Iterable

_SAME = {"training": "train", "testing": "test", "validation": "val", "valid": "val"}
KNOWN = ("train", "test", "val")


def split_of(name: str) -> str:
    """A split's usual name, whatever its capitals; other names as they are, in small letters.

    >>> split_of("Training"), split_of("valid"), split_of("extra")
    ('train', 'val', 'extra')
    """
    name = name.lower()
    return _SAME.get(name, name)


def choose_split(names: Iterable[str], split: str) -> list[str]:
    """Those names that mean a split: the one that is called exactly so, or else all that mean the same.

    >>> choose_split(["Train", "Test"], "test"), choose_split(["val", "validation"], "val")
    (['Test'], ['val'])
    """
    same = [name for name in names if split_of(name) == split_of(split)]
    return [split] if split in same else same
