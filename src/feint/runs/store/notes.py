"""Notes: how a run tells the store of itself, in a millisecond and without a database.

A note is a small file named by the run's folder, so that a run which ends replaces what it said when it began. Whoever
reads the store next takes the notes in.
"""

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from feint.errors import FeintError
from feint.printable import printable

from . import place

_TAKEN = ".taken"
_warned: set[str] = set()


@final
@dataclass(frozen=True)
class Note:
    """What a run says of itself.

    Attributes:
        folder: the run's.
        cwd: where its command was given; "" if nobody knows.
    """

    folder: str
    cwd: str


def leave(folder: Path, *, ended: bool = False) -> None:
    """Tell the store that a run began, or ended. Never fails: what cannot be written is one line on standard error.

    A run that ended is registered at once where the store is a server that others look at.
    """
    try:
        _write(Note(str(folder.absolute()), os.getcwd()))
        if ended and place.shared():
            from .store import Store

            with Store.open(wait=2.0) as store:
                store.take_in()
    except (OSError, FeintError) as error:
        _warn(folder, error)


def _warn(folder: Path, error: Exception) -> None:
    reason = f"{error.strerror}: {error.filename or place.inbox()}" if isinstance(error, OSError) else str(error)
    if reason in _warned:
        return
    _warned.add(reason)
    told = f"the store has no word of {folder} ({reason}); later: feint runs --rescan {shlex.quote(str(folder.parent))}"
    print(f"feint: warning: {printable(told)}", file=sys.stderr)


def _write(note: Note) -> None:
    inbox = place.inbox()
    name = hashlib.sha256(note.folder.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    temporary = inbox / f".{name}.{os.getpid()}.tmp"
    content = json.dumps({"folder": note.folder, "cwd": note.cwd})
    try:
        temporary.write_text(content, encoding="utf-8")
    except FileNotFoundError:
        inbox.mkdir(parents=True, exist_ok=True)
        temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, inbox / f"{name}.json")


def waiting() -> bool:
    """Whether there are notes that nobody has taken in."""
    return bool(_files())


def _files() -> list[Path]:
    inbox = place.inbox()
    try:
        return [inbox / name for name in os.listdir(inbox) if name.endswith((".json", _TAKEN))]
    except OSError:
        return []


@contextmanager
def taken() -> Generator[list[Note]]:
    """Inside, all notes there are; they are gone afterwards, and stay where something was raised.

    Each is moved aside first, so that a run which ends in the meantime leaves one of its own.
    """
    found: dict[Path, Note] = {}
    for path in _files():
        aside = path.with_suffix(_TAKEN)
        with suppress(OSError):
            if path != aside:
                os.replace(path, aside)
            found[aside] = _read(aside)
    yield [note for note in found.values() if note.folder]
    for path in found:
        path.unlink(missing_ok=True)


def _read(path: Path) -> Note:
    """A note; an empty one where the file holds none."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return Note(str(content["folder"]), str(content["cwd"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Note("", "")
