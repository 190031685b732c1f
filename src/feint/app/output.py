"""Standard output belongs to results: whatever else is printed while a command runs goes to standard error."""

import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout, suppress
from contextvars import ContextVar
from typing import Any, TextIO

from feint.errors import StoreError
from feint.printable import printable, shown

_reserved: ContextVar[TextIO | None] = ContextVar("reserved", default=None)


@contextmanager
def reserved_output() -> Generator[None]:
    """Inside, only `say` reaches standard output; a user's network that prints does not spoil what others parse.

    Nor does compiled code, which prints to the descriptor itself.
    """
    with _kept_apart() as out, _warned_in_a_line():
        token = _reserved.set(out)
        try:
            with redirect_stdout(sys.stderr):
                yield
        finally:
            _reserved.reset(token)


@contextmanager
def _warned_in_a_line() -> Generator[None]:
    """Inside, a warning is one line without the place in the code that it comes from."""

    def in_a_line(message: Warning | str, *_: Any) -> str:
        return f"feint: warning: {printable(str(message))}\n"

    before, warnings.formatwarning = warnings.formatwarning, in_a_line
    try:
        yield
    finally:
        warnings.formatwarning = before


@contextmanager
def _kept_apart() -> Generator[TextIO]:
    """Standard output under another descriptor, while its own leads to standard error."""
    try:
        usual = (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    except (AttributeError, OSError, ValueError):  # a notebook's, or none
        usual = False
    if not usual:
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    out = open(kept, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    os.dup2(2, 1)
    try:
        yield out
    finally:
        with suppress(OSError):  # `say` has flushed, and told
            out.close()
        os.dup2(kept, 1)
        os.close(kept)


def say(text: str) -> None:
    """Print a result; names in it that steer a terminal are written out.

    Raises:
        StoreError: standard output cannot be written.
    """
    with written():
        print(shown(text), file=_reserved.get() or sys.stdout, flush=True)


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
