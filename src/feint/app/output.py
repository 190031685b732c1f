"""Standard output belongs to results: whatever else is printed while a command runs goes to standard error."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TextIO

from feint.errors import StoreError

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
    """Print a result.

    Raises:
        StoreError: standard output cannot be written.
    """
    with written():
        print(text, file=_reserved.get() or sys.stdout)


@contextmanager
def written() -> Generator[None]:
    """Inside, what cannot be written to standard output is a StoreError; whoever has gone, as `head` does, is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise StoreError(f"cannot write standard output: {error.strerror}") from error


def silence() -> None:
    """Send what could not be printed nowhere, for Python tries again on its way out."""
    stream = _reserved.get() or sys.stdout
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
