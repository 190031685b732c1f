"""A file layer that records what is done to a folder, and can show what a cut at any moment leaves of it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest


@dataclass(frozen=True)
class Operation:
    """One thing done to a folder.

    Attributes:
        kind: a file's content put on the disk; a file renamed; one removed; a folder's entries put on the disk.
        path: of the file, relative; of a rename, the new one.
        content: what the disk then has of the file; None where it was never put there.
    """

    kind: Literal["rename", "remove", "sync"]
    path: str
    content: bytes | None = None


@dataclass
class Disk:
    """What was done below a folder, in order.

    Attributes:
        folder: which.
        operations: what was done.
    """

    folder: Path
    operations: list[Operation] = field(default_factory=list)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def record(self, patch: pytest.MonkeyPatch) -> None:
        """Begin: renames, removals, and what is put on the disk."""
        fsync, rename, unlink, rmtree = os.fsync, os.replace, Path.unlink, shutil.rmtree

        def synced(descriptor: int) -> None:
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            fsync(descriptor)
            if path.is_dir():
                self._note("sync", path)
            else:
                self._contents[str(path)] = path.read_bytes()

        def renamed(source: Any, target: Any) -> None:
            rename(source, target)
            self._note("rename", Path(target), self._contents.pop(str(source), None))

        def removed(path: Path, missing_ok: bool = False) -> None:
            there = path.exists()
            unlink(path, missing_ok=missing_ok)
            if there:
                self._note("remove", path)

        def cleared(path: Any, *arguments: Any, **keywords: Any) -> None:
            for each in sorted(Path(path).rglob("*")):
                if each.is_file():
                    self._note("remove", each)
            rmtree(path, *arguments, **keywords)

        patch.setattr(os, "fsync", synced)
        patch.setattr(os, "replace", renamed)
        patch.setattr(Path, "unlink", removed)
        patch.setattr(shutil, "rmtree", cleared)

    def _note(self, kind: Any, path: Path, content: bytes | None = None) -> None:
        if path.is_relative_to(self.folder):
            self.operations.append(Operation(kind, str(path.relative_to(self.folder)), content))

    def cuts(self) -> Iterator[tuple[int, str, dict[str, bytes]]]:
        """What there is after so many operations: where everything reached the disk, and where only what had to did.

        Content that nobody put on the disk is gone wherever its name got there. What became of names since their folder
        was put on the disk is open: here all of it, or nothing.
        """
        for count in range(len(self.operations) + 1):
            done = self.operations[:count]
            yield count, "all", _after(done)
            yield (
                count,
                "least",
                _after([each for at, each in enumerate(done) if each.kind == "sync" or _is_synced(each, done[at:])]),
            )


def _is_synced(operation: Operation, later: list[Operation]) -> bool:
    folder = str(Path(operation.path).parent)
    return any(each.kind == "sync" and each.path == folder for each in later)


def _after(operations: list[Operation]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in operations:
        if each.kind == "rename":
            found[each.path] = each.content or b""
        elif each.kind == "remove":
            found.pop(each.path, None)
    return found


def lay(contents: dict[str, bytes], folder: Path) -> None:
    """Write what a cut left, and what it left half written."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in contents.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.with_name(f".{place.name}.1.tmp").write_bytes(content[: len(content) // 2])
