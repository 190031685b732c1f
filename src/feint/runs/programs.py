"""Programs: what runs code once it is loaded, and so is loaded only if the user has named it, or has said so.

Images, labels, weights, run folders and cards from a stranger never execute. A Python file (``file.py:function``) and a
program of torch.export (``.pt2``, which runs code of its own while it is read) do.

A Python file that a victim was trained with may run again where a card names it: the same function of the same bytes at
the same place, as the user's own folder of data, and not the card, remembers it.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from feint.errors import SpecError

from .grammar import Word
from .settings import Settings
from .store.place import home

ALLOWED = "--allow-code (in Python: allow_code=True)"


def is_program(name: str) -> bool:
    """Whether code runs when what has this name is loaded.

    >>> [is_program(name) for name in ("net.py:build", "a/net.pt2", "lenet", "timm:vit", "weights.pt")]
    [True, True, False, False, False]
    """
    return re.fullmatch(r".+\.py(:.*)?|.+\.pt2", name, re.DOTALL) is not None


def programs(value: object) -> Iterator[str]:
    """The programs that settings name, wherever they stand in them."""
    if isinstance(value, Word) and is_program(value.name):
        yield value.name
    if isinstance(value, Settings):
        for name in type(value).model_fields:
            yield from programs(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from programs(each)  # pyright: ignore[reportUnknownArgumentType]


def check_programs(settings: Settings, where: str, typed: Iterable[str] = ()) -> None:
    """Refuse programs that a file names, and exported ones whoever names them.

    Args:
        settings: as asked.
        where: what the settings come from.
        typed: the arguments of the command line: a Python file that one of them names is the user's own word.

    Raises:
        SpecError: one that nobody has allowed.
    """
    typed = tuple(typed)
    for name in programs(settings):
        if name.endswith(".pt2") or not any(name in argument for argument in typed):
            raise refused(where, name)


def remember(name: str) -> None:
    """Note that the user has run a Python file's function; where that cannot be written, it will have to be allowed."""
    with suppress(OSError, RuntimeError):  # the latter where there is no home
        note = _note(name)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{os.path.realpath(name)}\n", encoding="utf-8", errors="backslashreplace")


def is_remembered(name: str) -> bool:
    """Whether the user has run this function of a Python file before, of the very same file at the same place."""
    try:
        return _note(name).is_file()
    except (OSError, RuntimeError):
        return False


def _note(name: str) -> Path:
    """Where it is noted that the user has run a function, under a digest of the file's place, content and function."""
    path, _, function = name.rpartition(".py:")
    place = os.path.realpath(Path(f"{path}.py").expanduser())
    content = hashlib.sha256(Path(place).read_bytes()).hexdigest()
    digest = hashlib.sha256(os.fsencode(f"{content}\0{function}\0{place}")).hexdigest()
    return home() / "programs" / digest


def refused(where: str, name: str) -> SpecError:
    """The error about a program that nobody has allowed."""
    return SpecError(f"{where}: expected {ALLOWED} to run a program that it names, got {name!r} without")
