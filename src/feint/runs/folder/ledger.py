"""The run folder, a ledger: every file with its digest; what does not match is absent, and made again by its stage.

    ROOT/NAME-0123456789/            the ten digits: of the SHA-256 of settings and identity as canonical JSON
      run.json                       settings, identity, about, versions, command, state; sealed
      ledger/STAGE/PIECE.json        a piece's files with their digests and sizes, and what it skipped; sealed
      tables/TABLE/PIECE.parquet     records, a file for each piece
      arrays/NAME/PIECE.npz          arrays, likewise
      children/NAME.json             other runs that this one is made of
      summary.json report.html figures/*     made from the above, and made again whenever they do not match
      .scratch/STAGE/PIECE/          what a piece keeps for itself until it is whole

Every file is written beside its place and moved there when it is whole and on the disk, its entry in the ledger last.
"""

import io
import os
import platform
import re
import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, cast, final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feint.errors import SpecError, StoreError
from feint.runs.work import Array, Children, Found, Piece, Stage

from . import files

_parquet: Any = pq  # its stubs leave types unknown
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
DERIVED = ("summary.json", "report.html", "figures")
OURS = ("run.json", "ledger", "tables", "arrays", "children", ".scratch", *DERIVED)
"""What a run folder holds of ours; whatever else lies there is the user's."""
_OWN = {"versions": dict, "command": str, "state": str}
"""What ``run.json`` says beside what was asked, by type."""


def run_id(name: str, settings: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """``name`` and the first ten digits of the hash of everything that determines the numbers.

    >>> run_id("audit", {"seed": 0, "radii": [0.1]}, {}) == run_id("audit", {"radii": [0.1], "seed": 0}, {})
    True
    """
    if not _NAME.fullmatch(name):
        raise SpecError(f"a run's name expects letters, digits, '_', '.' and '-', got {name!r}")
    text = files.canonical({"settings": settings, "identity": identity})
    return f"{name}-{files.digest(text.encode())[:10]}"


def versions() -> dict[str, str]:
    """The versions of what computes the numbers, without importing any of it."""
    found = {"python": platform.python_version()}
    for package in ("feint", "torch", "torchvision", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The time, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def check_links(path: Path) -> None:
    """Raise a StoreError where a run's folder leads elsewhere: what is written or removed in it stays in it."""
    for each in path.rglob("*"):
        if each.is_symlink() and each.relative_to(path).parts[0] in OURS:
            raise StoreError(f"{each}: expected a file or folder of the run's own, got a link; delete it and run again")


@final
class Ledger:
    """A run folder that is worked on by this process alone.

    Attributes:
        path: the folder.
        state: what ``run.json`` holds.
        lost: files that were there and do not match their digests any more, or are gone.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.state: dict[str, Any] = {}
        self.lost: list[str] = []
        # Closing the lock's file gives it up, also when this object is dropped without a word.
        self._release = weakref.finalize(self, os.close, lock)

    @classmethod
    def open(cls, path: Path, state: Mapping[str, Any], *, fresh: bool = False) -> "Ledger":
        """Make or resume a run's folder, and find out before any work whether it can be written.

        Args:
            path: the folder; made if it is not there.
            state: settings, identity and all else that ``run.json`` is to say.
            fresh: begin again, without what was there.

        Raises:
            StoreError: it cannot be written, another process works on it, it was begun with other versions, or holds a
                link.
        """
        ledger = cls(path, files.locked(path))
        try:
            if fresh:
                ledger._empty()
            ledger._begin(state)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _begin(self, state: Mapping[str, Any]) -> None:
        check_links(self.path)
        there = files.read_sealed(self.path / "run.json")
        with files.explained(self.path):
            for leftover in self.path.rglob(".*.tmp"):
                leftover.unlink()
        here = versions()
        if there is None or any(not isinstance(there.get(name), kind) for name, kind in _OWN.items()):
            if (self.path / "run.json").exists() or any(self._manifests()):
                self._lose("run.json")
            there = {**state, "versions": here, "created": now(), "state": "running"}
            self._save(there)
            return
        begun, now_has = there["versions"], {name: here.get(name) for name in ("feint", "torch")}
        for name, version in now_has.items():
            if there["state"] != "complete" and begun.get(name) != version and any(self._manifests()):
                raise StoreError(
                    f"{self.path} was begun with {name} {begun.get(name)} and this is {version}, whose numbers do not "
                    "mix; delete the folder, or --fresh, to start over"
                )
        self.state = there
        known = {name: value for name, value in state.items() if name != "command"}
        if files.canonical({name: there.get(name) for name in known}) != files.canonical(known):
            self._lose("run.json")  # whoever put the seal on it: the id stands for other settings than it says
            self._save({**there, **known})

    def _save(self, state: dict[str, Any]) -> None:
        files.write_sealed(self.path / "run.json", state)
        self.state = state

    def _empty(self) -> None:
        """Remove the run's state first, so that what an interruption leaves is no run, then everything computed."""
        with files.explained(self.path):
            for name in OURS:
                place = self.path / name
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                else:
                    place.unlink(missing_ok=True)

    def close(self) -> None:
        """Let other processes in. Closing twice does no harm."""
        self._release()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _manifests(self) -> Iterator[Path]:
        return (self.path / "ledger").glob("*/*.json")

    def scratch(self, stage: str, piece: str) -> Path:
        """A piece's own folder, kept until the piece is whole."""
        place = self.path / ".scratch" / stage / piece
        with files.explained(place):
            place.mkdir(parents=True, exist_ok=True)
        return place

    def has(self, stage: Stage, piece: Piece) -> bool:
        """Whether a piece is there and whole, every file as it was written."""
        wanted = [*(f"tables/{name}/" for name in stage.tables), *(f"arrays/{name}/" for name in stage.arrays)]
        return self._whole(f"{stage.name}/{piece.name}", wanted)

    def _whole(self, entry: str, wanted: Sequence[str] = ()) -> bool:
        place = self.path / "ledger" / f"{entry}.json"
        manifest = files.read_entry(place)
        if manifest is None:
            if place.exists() or self.state["state"] == "complete":
                self._lose(f"ledger/{entry}.json")
            return False
        named: dict[str, str] = manifest["files"]
        sizes: dict[str, int] = manifest["sizes"]  # of what is longer or shorter nothing needs to be read
        whole = all(any(name.startswith(prefix) for name in named) for prefix in wanted)
        for name, expected in named.items():
            if files.digest_of(self.path / name, sizes.get(name)) != expected:
                self._lose(name)
                whole = False
        return whole

    def _lose(self, name: str) -> None:
        if name not in self.lost:
            self.lost.append(name)

    def record(self, stage: Stage, piece: Piece, found: Found) -> None:
        """Write what a piece came to: its files, then its entry."""
        _check(stage, found)
        written: dict[str, str] = {}
        for name, table in found.tables.items():
            place = f"tables/{name}/{piece.name}.parquet"
            written[place] = files.write(self.path / place, _table_writer(_plain(table, stage.tables[name])))
        for name, arrays in found.arrays.items():
            place = f"arrays/{name}/{piece.name}.npz"
            written[place] = files.write(self.path / place, _arrays_writer(arrays))
        self._enter(
            f"{stage.name}/{piece.name}",
            written,
            skipped=[list(each) for each in found.skipped],
            notes=dict(found.notes),
        )
        shutil.rmtree(self.path / ".scratch" / stage.name / piece.name, ignore_errors=True)

    def files(self, stage: Stage, piece: Piece) -> list[str]:
        """What was written of a piece, its entry last."""
        place = f"ledger/{stage.name}/{piece.name}.json"
        manifest = files.read_entry(self.path / place) or {"files": {}}
        return ["run.json", *manifest["files"], place]

    def _enter(self, entry: str, written: Mapping[str, str], **more: Any) -> None:
        sizes = {name: (self.path / name).stat().st_size for name in written}
        files.write_sealed(self.path / "ledger" / f"{entry}.json", {"files": dict(written), "sizes": sizes, **more})

    def has_child(self, stage: Children, name: str) -> bool:
        """Whether another run's summary is here and whole."""
        return self._whole(f"{stage.name}/{name}", [f"children/{name}.json"])

    def record_child(self, stage: Children, name: str, run: str, summary: Mapping[str, Any]) -> None:
        """Keep another run's summary as part of this one."""
        place = f"children/{name}.json"
        written = files.write_bytes(self.path / place, files.json_bytes({"run": run, "summary": dict(summary)}))
        self._enter(f"{stage.name}/{name}", {place: written}, skipped=[])

    def keep_only(self, stages: Sequence[Stage | Children]) -> None:
        """Forget pieces that this work does not have: surplus files of an earlier one count for nothing."""
        known = {
            f"{stage.name}/{name}"
            for stage in stages
            for name in (stage.runs if isinstance(stage, Children) else [piece.name for piece in stage.pieces])
        }
        for place in self._manifests():
            entry = f"{place.parent.name}/{place.stem}"
            if entry not in known and place.parent.name != "derived":
                with files.explained(place):
                    place.unlink()

    def has_derived(self, kind: str, places: Sequence[Path] = ()) -> bool:
        """Whether what is made from the records (or delivered, to these places) is there as it was written."""
        return self._whole(f"derived/{kind}", [f"{place.absolute()}/" for place in places])

    def record_derived(
        self, kind: str, contents: Mapping[str, bytes], written: Mapping[str, str] | None = None
    ) -> None:
        """Write what is made from the records.

        Args:
            kind: what to call it.
            contents: by place.
            written: files that were written already, with their digests; places outside the folder are absolute.
        """
        entry = self.path / "ledger" / "derived" / f"{kind}.json"
        with files.explained(entry):
            entry.unlink(missing_ok=True)
        digests = {place: files.write_bytes(self.path / place, content) for place, content in contents.items()}
        self._enter(f"derived/{kind}", {**(written or {}), **digests})

    def finish(self) -> None:
        """Mark the run complete."""
        shutil.rmtree(self.path / ".scratch", ignore_errors=True)
        if self.state["state"] != "complete":
            self._save({**self.state, "state": "complete", "finished": now()})


def _check(stage: Stage, found: Found) -> None:
    """Raise a StoreError where a stage did not find what it declares."""
    for kind, declared, came in (("tables", stage.tables, found.tables), ("arrays", stage.arrays, found.arrays)):
        if set(declared) != set(came):
            raise StoreError(f"stage {stage.name} declares the {kind} {sorted(declared)}, and found {sorted(came)}")
    for name, table in found.tables.items():
        if table.schema.names != stage.tables[name].names:
            raise StoreError(f"table {name} expects {stage.tables[name].names}, got {table.schema.names}")


def _plain(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """In one form only, whatever it was put together from."""
    return table.unify_dictionaries().combine_chunks().cast(schema)


def _table_writer(table: pa.Table) -> Any:
    def write(file: BinaryIO) -> None:
        buffer = io.BytesIO()
        _parquet.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        file.write(buffer.getvalue())

    return write


def _arrays_writer(arrays: Mapping[str, Array]) -> Any:
    def write(file: BinaryIO) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **cast(dict[str, Any], dict(arrays)))
        file.write(buffer.getvalue())

    return write
