"""Files that are whole or not there, JSON that knows when it was damaged, and locks."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from feint.errors import SpecError, StoreError

LARGEST = 256 << 20
"""Bytes of a file of JSON, which takes twenty times as much memory once it is read."""
_VALUES = {"files": str, "sizes": int}


def digest(content: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def regular(path: Path) -> Path:
    """A file as it is, unless to read it would wait for somebody, or never end.

    Raises:
        OSError: it is no regular file, or there is none.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "expected a regular file, got none")
    return path


def digest_of(path: Path, size: int | None = None) -> str | None:
    """Of a file, read in pieces; None where there is none that can be read, or none of this size."""
    try:
        if size is not None and path.stat().st_size != size:
            return None
        with regular(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def canonical(value: Any) -> str:
    """JSON in one form only.

    Raises:
        SpecError: something that JSON has no form for.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SpecError(f"expected JSON values: {error}") from error


def write(place: Path, writer: Callable[[BinaryIO], object]) -> str:
    """Write a file through a callback: whole and on the disk, or not at all.

    Returns:
        Its digest.

    Raises:
        StoreError: it cannot be written. What the callback itself raises comes through.
    """
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    with explained(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w+b") as file:
                writer(file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                found = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
            os.replace(temporary, place)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(place.parent)
    return found


def write_bytes(place: Path, content: bytes) -> str:
    """Write a file; its digest."""
    return write(place, lambda file: file.write(content))


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON for people, as a file holds it.

    Raises:
        StoreError: something that JSON has no form for.
    """
    try:
        return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise StoreError(f"expected JSON values: {error}") from error


def write_sealed(place: Path, value: Mapping[str, Any]) -> None:
    """Write JSON with a seal that says whether it is as it was written."""
    write_bytes(place, json_bytes({**value, "seal": digest(canonical(value).encode())}))


def read_sealed(place: Path) -> dict[str, Any] | None:
    """What `write_sealed` wrote; None where there is nothing, or something that was changed since."""
    try:
        found: Any = json.loads(_text(place))
        seal = found.pop("seal")
        return found if seal == digest(canonical(found).encode()) else None
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None


def read_entry(place: Path) -> dict[str, Any] | None:
    """An entry of the ledger: names of files with digests, and sizes; what was skipped, and notes.

    None where there is none that is as it was written, or one that nobody here writes, whoever put the seal on it: a
    stage's files lie in the run's folder.
    """
    found: dict[str, Any] = {"sizes": {}, "skipped": [], "notes": {}, **(read_sealed(place) or {"files": None})}
    if any(not isinstance(found.get(name), dict) for name in ("files", "sizes", "notes")):
        return None
    if any(not isinstance(value, kind) for name, kind in _VALUES.items() for value in found[name].values()):
        return None
    if not isinstance(found["skipped"], list) or not all(map(_is_skipped, cast(list[Any], found["skipped"]))):
        return None
    outside = [name for name in map(Path, found["files"]) if ".." in name.parts or name.is_absolute()]
    return None if outside and place.parent.name != "derived" else found


def _is_skipped(value: Any) -> bool:
    return isinstance(value, list) and [type(each) for each in cast(list[Any], value)] == [str, str]


def read_json(place: Path) -> Any:
    """What a file of JSON holds, whoever wrote it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, or nested too deep to be read.
    """
    try:
        return json.loads(_text(place))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _text(place: Path) -> str:
    size = regular(place).stat().st_size
    if size > LARGEST:
        raise ValueError(f"expected at most {LARGEST:,} bytes, got {size:,}")
    return place.read_text(encoding="utf-8")


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turns what the operating system refuses into one line that names the place."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        # The system may complain about a parent: a root that is a file, say.
        place = error.filename if isinstance(error.filename, str) and error.errno != errno.ENOENT else path
        at = "" if Path(place).name.endswith(".tmp") or Path(place) == path else f" ({place})"
        hint = "; delete it, and run again" if error.errno == errno.EISDIR else ""
        raise StoreError(f"cannot write {path}: {reason}{at}{hint}") from error


def check_writable(folder: Path) -> None:
    """Raise a StoreError for a folder that could not be written, nor made, without trying: nothing is left behind."""
    with explained(folder):
        place = Path(os.path.abspath(folder))
        while not os.path.lexists(place):
            place = place.parent
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "", str(place))
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "", str(place))


def locked(path: Path) -> int:
    """Take a folder's lock; the open file that holds it.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
    """
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StoreError(f"another process is working on {path}; wait for it or stop it") from None
        except BaseException:
            os.close(lock)
            raise
    return lock


def _sync_folder(path: Path) -> None:
    """Put a folder's entries on the disk, so that the new name outlives a power cut."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot
            raise
    finally:
        os.close(folder)
