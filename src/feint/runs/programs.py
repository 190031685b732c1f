"""Programs: what runs code once it is loaded, and so is loaded only if the user has named it, or has said so.

Images, labels, weights, run folders and cards from a stranger never execute. A Python file (``file.py:function``) and a
program of torch.export (``.pt2``, which runs code of its own while it is read) do.
"""

import re
from collections.abc import Iterable, Iterator

from feint.errors import SpecError

from .grammar import Word
from .settings import Settings

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


def refused(where: str, name: str) -> SpecError:
    """The error about a program that nobody has allowed."""
    return SpecError(f"{where}: expected {ALLOWED} to run a program that it names, got {name!r} without")
