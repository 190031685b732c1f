"""Small faults for the code of some rooms, made by mutmut, and a sample of them that a seed settles."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import libcst as cst
import yaml
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

SHARES = {
    "measures": 30,
    "metrics": 45,
    "attacks": 45,
    "estimators": 45,
    "training": 45,
    "runs": 45,
    "experiments": 45,
}
"""How many of 300 a room gets: a room of many files is not looked at more than one of few that all else rests on."""

SUMMARIES = ("summary.py", "scores.py", "selector.py", "matching.py", "joined.py", "noise.py", "reading.py")
"""What of the experiments computes figures."""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        room: where it is.
        path: the file, from the folder of the package's source.
        line: of the file, from 1.
        was: the lines as they are.
        now: the same with the fault.
        source: the whole file with it.
        tests: where to look for it, if that is said.
    """

    room: str
    path: str
    line: int
    was: str
    now: str
    source: str
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n    - {self.was}\n    + {self.now}"


def files(source: Path, room: str) -> list[Path]:
    """The files of a room; of the experiments those that compute figures."""
    found = sorted((source / "feint" / room).rglob("*.py"))
    found = [path for path in found if "migrations" not in path.parts and path.name != "__init__.py"]
    return [path for path in found if path.name in SUMMARIES] if room == "experiments" else found


def sample(source: Path, seed: int, count: int, rooms: list[str]) -> list[Mutant]:
    """Mutants of these rooms in random order, each room's share of so many."""
    found = list[Mutant]()
    for room in rooms:
        every = [each for path in files(source, room) for each in _faults(path)]
        drawn = random.Random(f"{seed} {room}")
        share = min(len(every), round(count * SHARES[room] / sum(SHARES.values())))
        found += [_mutant(source, room, *each) for each in drawn.sample(every, share)]
    random.Random(seed).shuffle(found)
    return found


def examples(source: Path) -> list[Mutant]:
    """The faults that are written down."""
    found = list[Mutant]()
    for each in yaml.safe_load(Path(__file__).with_name("examples.yaml").read_text()):
        code = (source / each["path"]).read_text()
        assert code.count(each["was"]) == 1, each
        faulty = code.replace(each["was"], each["now"])
        changed = _changed(code.splitlines(), faulty.splitlines())
        found.append(Mutant("examples", each["path"], *changed, faulty, tuple(each.get("tests", ()))))
    return found


def _faults(path: Path) -> list[tuple[Path, cst.Module, Mutation]]:
    """All faults of a file, but those of text that people read."""
    module, mutations, _, _ = create_mutations(str(path), path.read_text())
    return [(path, module, each) for each in mutations if not _is_for_people(each.original_node, each.mutated_node)]


def _mutant(source: Path, room: str, path: Path, module: cst.Module, mutation: Mutation) -> Mutant:
    code, node = path.read_text(), mutation.original_node
    (statement,) = (each for each in module.body if any(one is node for one in _walk(each)))
    before = module.code_for_node(statement)
    after = module.code_for_node(cast(cst.CSTNode, deep_replace(statement, node, mutation.mutated_node)))
    assert code.count(before) == 1
    faulty = code.replace(before, after)
    line, was, now = _changed(code.splitlines(), faulty.splitlines())
    return Mutant(room, str(path.relative_to(source)), line, was, now, faulty)


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _is_for_people(node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    """Whether the fault is in a sentence; of a word's faults one is kept, since its case is no other fault."""
    if not isinstance(node, cst.SimpleString) or not isinstance(mutated, cst.SimpleString):
        return False
    return " " in node.value or "XX" not in mutated.value


def _changed(before: list[str], after: list[str]) -> tuple[int, str, str]:
    """The first line that differs, and what differs."""
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    was, now = (" ".join(each.strip() for each in lines[first : len(lines) - last]) for lines in (before, after))
    return first + 1, was, now
