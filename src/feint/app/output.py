"""Standard output belongs to results: whatever else is printed while a command runs goes to standard error."""

import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TextIO

from feint.errors import StoreError
from feint.printable import shown

_reserved: ContextVar[TextIO | None] = ContextVar("reserved", default=None)


@contextmanager
def reserved_output() -> Generator[None]:
    """Inside, only `say` reaches standard output; a user's network that prints does not spoil what others parse."""
    token = _reserved.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _reserved.reset(token)


def say(text: str) -> None:
    """Print a result; names in it that steer a terminal are written out."""
    try:
        print(shown(text), file=_reserved.get() or sys.stdout)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StoreError(f"cannot write standard output: {error.strerror}") from error
