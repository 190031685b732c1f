"""A run's folder as bytes, with what may differ from run to run left out, and how its files may be damaged."""

import json
import re
from collections.abc import Callable
from pathlib import Path

TIMES = re.compile(rb"seconds an epoch.{0,200}?[0-9.e-]+", re.DOTALL)


def contents(folder: Path, *roots: Path) -> dict[str, bytes]:
    """Every file of a folder but locks; without times, and with what it lies or lay below called ROOT."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: _timeless(name, path, roots) for name, path in found.items() if path.name != ".lock"}


def _timeless(name: str, path: Path, roots: tuple[Path, ...]) -> bytes:
    content = path.read_bytes()
    for root in roots:
        content = content.replace(str(root).encode(), b"ROOT")
    if path.suffix == ".json":
        return json.dumps(_without(json.loads(content), name)).encode()
    return TIMES.sub(b"", content)


def _without(value: object, name: str) -> object:
    """JSON without what is counted in seconds, when it was, and digests that follow from that."""
    if isinstance(value, list):
        return [_without(each, name) for each in value]
    if not isinstance(value, dict):
        return value
    left_out = {"created", "finished", "seal", "seconds", "seconds_an_epoch"}
    if name.startswith(("ledger/derived/", "ledger/audits/", "ledger/attacks/", "ledger/trainings/")):
        left_out |= {key for key in value if key.endswith((".json", ".html"))}
    return {key: _without(each, name) for key, each in value.items() if key not in left_out}


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flipped(path: Path) -> None:
    """One bit, in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def deleted(path: Path) -> None:
    path.unlink()


DAMAGES: list[Callable[[Path], None]] = [halved, flipped, deleted]
