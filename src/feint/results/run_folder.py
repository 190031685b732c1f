"""The run folder: where a run's records, summary and report lie, written so that nothing half-written passes for whole.

    ROOT/NAME-0123456789/         the ten digits: of the SHA-256 of the specification as canonical JSON
      run.json                    specification, state ("running" or "complete"), versions, times
      records/part-00000.parquet  the records, in parts: what an interrupted run need not compute again
      summary.json
      report.html
      figures/*.png
      *.npz                       galleries, maps, attacked images: what the run's kind keeps beside its records

Every file is written beside its place and moved there when it is whole and on the disk. ``complete`` is set last.
"""

import errno
import fcntl
import hashlib
import io
import json
import os
import platform
import re
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, final

import pyarrow as pa
import pyarrow.parquet as pq

from feint.errors import SpecError, StoreError

_parquet: Any = pq  # its stubs leave types unknown
_PART = re.compile(r"part-(\d{5})\.parquet")
_COMPUTED = ("records/part-*.parquet", "*.json", "*.npz", "arrays/*.npz", "*.safetensors", "report.html")
"""What a run computes. Figures and pictures are written anew under the same names."""


def run_id(name: str, spec: Mapping[str, Any]) -> str:
    """``name`` and the first ten digits of the specification's hash; the order of keys does not matter.

    >>> run_id("audit", {"seed": 0, "radii": [0.1]}) == run_id("audit", {"radii": [0.1], "seed": 0})
    True
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise SpecError(f"a run's name expects letters, digits, '_', '.' and '-', got {name!r}")
    return f"{name}-{hashlib.sha256(_canonical(spec).encode()).hexdigest()[:10]}"


def _canonical(spec: Mapping[str, Any]) -> str:
    try:
        return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SpecError(f"a run's specification expects JSON values: {error}") from error


def versions() -> dict[str, str]:
    """The versions of what computes the numbers, without importing any of it."""
    found = {"python": platform.python_version()}
    for package in ("feint", "torch", "torchvision", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@final
class RunFolder:
    """One run's folder, opened for work by ``open`` (one process at a time) or for reading by ``load``.

    Attributes:
        path: the folder.
        run: the run id, which is also the folder's name.
    """

    def __init__(self, path: Path, state: dict[str, Any], lock: int | None) -> None:
        self.path = path
        self.run = path.name
        self._state: dict[str, Any] = state
        # Closing the lock's file gives it up, also when this object is dropped without a word.
        self._release = None if lock is None else weakref.finalize(self, os.close, lock)

    @classmethod
    def open(
        cls, root: Path, name: str, spec: Mapping[str, Any], *, parts: int | None = None, fresh: bool = False
    ) -> "RunFolder":
        """Make or resume the folder of a run, and find out before any work whether it can be written.

        Args:
            root: where run folders lie; made if it is not there.
            name: what the run is called, the beginning of its id.
            spec: everything that determines the run's numbers, as JSON values.
            parts: how many parts its records will have, if known: what an incomplete run says about itself.
            fresh: begin again, without what an earlier run of the same specification left.

        Raises:
            StoreError: the folder cannot be written, another process works on it, or its parts were made by other
                versions of feint or torch.
        """
        path = Path(root) / run_id(name, spec)
        with _explained(path):
            (path / "records").mkdir(parents=True, exist_ok=True)
        folder = cls(path, {}, _locked(path))
        try:
            if fresh:
                folder._empty()
            folder._begin(spec, parts)
        except BaseException:
            folder.close()
            raise
        return folder

    def _begin(self, spec: Mapping[str, Any], parts: int | None) -> None:
        now, here = _now(), versions()
        if (self.path / "run.json").exists():
            self._state = _read_state(self.path)
            if self._state["spec"] != json.loads(_canonical(spec)):
                raise StoreError(f"{self.path} belongs to another specification; delete it or choose another folder")
            if self.is_complete:
                return
            self._same_versions(here)
        else:
            spec = json.loads(_canonical(spec))
            self._state = {"run": self.run, "spec": spec, "state": "running", "versions": here, "created": now}
        with _explained(self.path):
            for leftover in (*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")):
                leftover.unlink()
        opened: list[str] = self._state.get("opened", [])
        self._state |= {"parts": parts, "opened": [*opened, now]}
        self.write_json("run.json", self._state)

    def _empty(self) -> None:
        """Remove the run's state first, so that what an interruption leaves is no run, then everything computed."""
        with _explained(self.path):
            (self.path / "run.json").unlink(missing_ok=True)
            for pattern in _COMPUTED:
                for path in self.path.glob(pattern):
                    path.unlink()

    def _same_versions(self, here: dict[str, str]) -> None:
        was: dict[str, str] = self._state["versions"]
        begun = bool(self.parts()) or any(self.path.glob("*.npz"))
        for package in ("feint", "torch"):
            if was.get(package) != here.get(package) and begun:
                raise StoreError(
                    f"{self.path} was begun with {package} {was.get(package)} and this is {here.get(package)}, whose "
                    "numbers do not mix; delete the folder to start over"
                )

    @classmethod
    def load(cls, path: Path) -> "RunFolder":
        """Open a complete run for reading.

        Raises:
            StoreError: there is no run, it is incomplete, or it cannot be read.
        """
        path = Path(path)
        folder = cls(path, _read_state(path), None)
        if not folder.is_complete:
            total = folder._state.get("parts")
            done = f"{len(folder.parts())} of {total} parts" if total else f"{len(folder.parts())} parts so far"
            raise StoreError(f"{path} is incomplete: {done}; run again to resume")
        return folder

    def close(self) -> None:
        """Let other processes in; afterwards this object only reads. Closing twice does no harm."""
        if self._release is not None:
            self._release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def spec(self) -> dict[str, Any]:
        """The specification, as read back from JSON."""
        return self._state["spec"]

    @property
    def versions(self) -> dict[str, str]:
        """The versions that the run was begun with."""
        return self._state["versions"]

    @property
    def is_complete(self) -> bool:
        """Whether the run was finished, so that nothing is left to compute."""
        return self._state["state"] == "complete"

    @property
    def summary(self) -> dict[str, Any]:
        """The summary that ``finish`` wrote."""
        return json.loads(_read(self.path / "summary.json"))

    def parts(self) -> set[int]:
        """The indices of the parts that are there and whole; one that cannot be read counts as absent."""
        return {index for index, path in self._part_paths().items() if _is_whole(path)}

    def read(self) -> pa.Table:
        """All records, part after part.

        Raises:
            StoreError: there are none, one is missing or cannot be read.
        """
        paths = self._part_paths()
        total: int = self._state.get("parts") or max(paths, default=0) + 1
        absent = sorted(set(range(total)) - set(paths))
        if absent:
            raise StoreError(f"{self.path} expects {total} parts of records; missing {absent}")
        tables = [_read_part(paths[index]) for index in sorted(paths)]
        return pa.concat_tables(tables).unify_dictionaries().combine_chunks()

    def read_json(self, name: str, default: Any) -> Any:
        """What `write_json` wrote, or the default where there is no such file."""
        return json.loads(_read(self.path / name)) if (self.path / name).exists() else default

    def write_part(self, index: int, table: pa.Table) -> None:
        """Write one part of the records."""
        self._for_work()
        buffer = io.BytesIO()
        _parquet.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        self.write_bytes(f"records/part-{index:05d}.parquet", buffer.getvalue())

    def write_json(self, name: str, value: Any) -> None:
        """Write a file of JSON."""
        try:
            text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StoreError(f"cannot write {self.path / name}: {error}") from error
        self.write_bytes(name, (text + "\n").encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file."""

        def write(file: BinaryIO) -> None:
            file.write(content)

        self.write_file(name, write)

    def write_file(self, name: str, writer: Callable[[BinaryIO], object]) -> None:
        """Write a file through a callback: whole and on the disk, or not at all.

        Args:
            name: the file's place in the folder, such as ``figures/gallery.png``.
            writer: gets the open file and writes its bytes.

        Raises:
            StoreError: it cannot be written. What the callback itself raises comes through.
        """
        place = self.path / name
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        with _explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    writer(file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, place)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_folder(place.parent)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the summary, then mark the run complete and let other processes in; the report comes before this."""
        self._for_work()
        self.write_json("summary.json", dict(summary))
        state = self._state | {"state": "complete", "parts": len(self._part_paths()), "finished": _now()}
        self.write_json("run.json", state)
        self._state = state
        self.close()

    def _for_work(self) -> None:
        if self._release is None or not self._release.alive:
            raise StoreError(f"{self.path} is open for reading only")
        if self.is_complete:
            raise StoreError(f"{self.path} is complete; delete it to run again")

    def _part_paths(self) -> dict[int, Path]:
        matches = ((_PART.fullmatch(path.name), path) for path in (self.path / "records").glob("part-*.parquet"))
        return {int(match[1]): path for match, path in matches if match}


class _explained:
    """Turns what the operating system refuses into one line that names the place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = os.strerror(error.errno) if error.errno else str(error)
            # The system may complain about a parent: a root that is a file, say.
            place = error.filename if isinstance(error.filename, str) and error.errno != errno.ENOENT else self._path
            at = "" if Path(place).name.endswith(".tmp") or Path(place) == self._path else f" ({place})"
            raise StoreError(f"cannot write {self._path}: {reason}{at}") from error


def _locked(path: Path) -> int:
    with _explained(path):
        lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error


def _read_state(path: Path) -> dict[str, Any]:
    if not (path / "run.json").is_file():
        raise StoreError(f"{path} is not a run folder: it has no run.json")
    try:
        state = json.loads(_read(path / "run.json"))
        if not {"spec", "state", "versions"} <= state.keys():
            raise ValueError("spec, state or versions are missing")
    except (ValueError, AttributeError) as error:
        raise StoreError(f"{path / 'run.json'} does not describe a run ({error}); delete the folder") from error
    return state


def _read_part(path: Path) -> pa.Table:
    try:
        return _parquet.read_table(io.BytesIO(_read(path)), page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path} is corrupt: {str(error).splitlines()[0]}; delete it and run again") from error


def _is_whole(path: Path) -> bool:
    try:
        _read_part(path)
    except StoreError:
        return False
    return True
