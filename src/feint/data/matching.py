"""Classes of data and classes of a network: the same by name, not by position."""

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

_SHOWN = 12


def match(own: tuple[str, ...], names: tuple[str, ...], occurring: NDArray[np.int64], where: str) -> NDArray[np.int64]:
    """Which of a list's labels each class has.

    A list of plain numbers knows no names: its classes are matched to names by position. A name that stands at the same
    place in both lists stays there, even if it comes twice.

    Args:
        own: names of the data's classes.
        names: what they are matched to.
        occurring: labels of the data's classes that have an example; the others need no match.
        where: the data's name, for the error.

    Returns:
        The label in `names` of each of `own`, -1 for what has none.

    Raises:
        DataError: if an occurring class has no match, or several.

    >>> match(("dog", "emu"), ("cat", "dog"), np.array([0]), "").tolist()
    [1, -1]
    """
    if (_numbered(own) or _numbered(names)) and not all(name.isdigit() for name in own + names):
        found = np.arange(len(own))
        found[len(names) :] = -1
    else:
        found = np.array([_place(label, name, names) for label, name in enumerate(own)], dtype=np.int64)
    missing = tuple(own[label] for label in map(int, occurring) if found[label] < 0)
    taken = found[occurring]
    if missing or len(np.unique(taken)) < len(taken):
        raise DataError(
            f"{where}: expected classes among {_listed(names)}, got {_listed(own)};"
            f" no match, or several, for {_listed(missing) if missing else 'a name that comes twice'}"
        )
    return found


def _place(label: int, name: str, names: tuple[str, ...]) -> int:
    if label < len(names) and names[label] == name:
        return label
    return names.index(name) if names.count(name) == 1 else -1


def _numbered(names: tuple[str, ...]) -> bool:
    return names == tuple(map(str, range(len(names))))


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown or "none"
