"""A folder's files, and how each of them may be damaged."""

import json
from collections.abc import Callable
from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, locks apart, with times and counted seconds left out of ours."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    return {name: _timeless(name, content) for name, content in found.items()}


def _timeless(name: str, content: bytes) -> bytes:
    if name != "run.json":
        return content
    state = json.loads(content)
    return json.dumps({key: state[key] for key in state if key not in ("created", "finished", "seal")}).encode()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    """One bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def deleted(path: Path) -> None:
    path.unlink()


DAMAGES: list[Callable[[Path], None]] = [truncated, halved, emptied, flipped, deleted]
