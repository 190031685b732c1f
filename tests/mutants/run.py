"""`make mutants`: small faults are put into the code one at a time, and the tests of their room must see them.

Tests are collected once; each fault is tried in a process forked from there, by the tests that are nearest to it, the
nearest first, until one fails. It is killed where a test fails, survives where all pass, and is late where they take
too long. What survives and was looked at is in survivors.yaml: "equivalent", nobody could see the fault, and it is not
tried again; "open", a test should. With --notes a run writes down which test saw what, and the next one goes on from
there: what was killed is not tried again.
"""

import argparse
import contextlib
import importlib
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from applied import apply, lay
from sample import SHARES, Mutant, examples, sample

HOME = Path(__file__).resolve().parents[2]
VERDICTS = Path(__file__).with_name("survivors.yaml")
MORE = ("tests/exact", "tests/contracts", "tests/app/store")
"""Where tests lie that are not in the folder of their room."""


def tests_of(mutant: Mutant) -> list[str]:
    """Doctests of the file, tests named as it is, tests that mention what it defines, and the rest of its folder."""
    if mutant.tests:
        return list(mutant.tests)
    path = Path(mutant.path).relative_to("feint")
    source = (HOME / "src" / mutant.path).read_text()
    names = re.findall(r"^(?:def|class) ([A-Za-z]\w*)|^([A-Z][A-Z_]+)\b", source, re.MULTILINE)
    defined = re.compile(r"\b(" + "|".join([path.stem, *{name for pair in names for name in pair if name}]) + r")\b")
    folders = [each for parent in path.parents[:-1] if (each := HOME / "tests" / parent).is_dir()]
    near = {each for folder in folders for each in folder.glob("test_*.py")}
    if mutant.room == "experiments":
        near |= set(folders[0].rglob("test_*.py"))
    room = set((HOME / "tests" / mutant.room).rglob("test_*.py")) - near if mutant.room != "experiments" else set()
    other = {each for more in MORE for each in (HOME / more).glob("test_*.py")}
    module = ".".join(Path(mutant.path).with_suffix("").parts)
    other |= {each for each in (HOME / "tests/app").glob("test_*.py") if f"{module} import" in each.read_text()}
    mentioned = {each: len(set(defined.findall(each.read_text()))) for each in near | room | other}
    wanted = [each for each in mentioned if each in near or mentioned[each] or each.stem == f"test_{mutant.room}"]

    def order(each: Path) -> tuple[bool, bool, bool, int, str]:
        slow = each.stem == "test_properties"  # many examples each
        return each.stem != f"test_{path.stem}", slow, each in other, -mentioned[each], str(each)

    found = [each for each in sorted(wanted, key=order) if each.parent.name != "contracts" or _is_own(each, mutant)]
    return [f"src/{mutant.path}", *(str(each.relative_to(HOME)) for each in found)]


def _is_own(contract: Path, mutant: Mutant) -> bool:
    """Contracts of experiments take minutes; those of other rooms say nothing of this one."""
    return contract.stem == f"test_{mutant.room}"


@dataclass
class Trials:
    """A plugin of pytest that tries mutants instead of running what was collected.

    Attributes:
        left: mutants that were not tried.
        workers: processes at a time.
        until: when no more are begun.
        limit: seconds of computing for each.
        tree: a folder for what processes that tests start import.
        notes: where to write down what became of each, if anywhere.
        found: what became of each.
        sound: by the name of a test: whether it passes without a fault.
        running: by process: the mutant, when it began, and where the process says which test fails.
    """

    left: list[Mutant]
    workers: int
    until: float
    limit: int
    tree: Path
    notes: Path | None = None
    found: list[tuple[Mutant, str]] = field(default_factory=list)
    sound: dict[str, bool] = field(default_factory=dict)
    running: dict[int, tuple[Mutant, float, int]] = field(default_factory=dict)

    def pytest_sessionstart(self) -> None:
        """What is to be faulty is imported: for doctests pytest would import the first of a package a second time."""
        for each in self.left:
            importlib.import_module(each.path.removesuffix(".py").replace("/", "."))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All mutants, a few at a time."""
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        by_file: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            by_file.setdefault(item.nodeid.partition("::")[0], []).append(item)
        while self.running or (self.left and time.monotonic() < self.until):
            while self.left and len(self.running) < self.workers and time.monotonic() < self.until:
                mutant = self.left.pop(0)
                items = [item for name in tests_of(mutant) for item in _chosen(name, by_file)]
                items = [item for item in items if self.sound.get(item.nodeid, True)]
                process, read = _forked(mutant, items, self.tree, self.limit)
                self.running[process] = mutant, time.monotonic(), read
            self._wait(session.items)
        return True

    def _wait(self, items: list[pytest.Item]) -> None:
        """Until one is done; a test that fails without the fault is left out, and the mutant tried again."""
        while True:
            for process, (mutant, begun, read) in list(self.running.items()):
                done, status, used = os.wait4(process, os.WNOHANG)
                if not done and time.monotonic() - begun < 20 * self.limit:
                    continue
                _end(process)
                if not done:
                    _, status, used = os.wait4(process, 0)
                del self.running[process]
                outcome, said = _outcome(status, read)
                if outcome == "killed" and not self._is_sound(said, items):
                    print(f"left out, for it fails without any fault: {said}", flush=True)
                    self.left.insert(0, mutant)
                    return
                self.found.append((mutant, outcome))
                if self.notes is not None:
                    with self.notes.open("a") as file:
                        file.write(json.dumps({"mutant": _key(mutant), "outcome": outcome, "test": said}) + "\n")
                print(f"{outcome} {mutant}\n    {said} ({used.ru_utime + used.ru_stime:.1f} s)", flush=True)
                return
            time.sleep(0.05)

    def _is_sound(self, test: str, items: list[pytest.Item]) -> bool:
        """Whether a test passes without a fault."""
        named = [item for item in items if item.nodeid == test]
        if test not in self.sound and named:
            process, read = _forked(None, named, self.tree, 4 * self.limit)
            _, status = os.waitpid(process, 0)
            _end(process)
            self.sound[test] = _outcome(status, read)[0] == "survived"
        return self.sound.get(test, True)


def _key(mutant: Mutant) -> str:
    return f"{mutant.path}: {mutant.was} -> {mutant.now}"


def _killed(notes: Path | None) -> set[str]:
    """What `_key` says of those that an earlier run killed."""
    lines = notes.read_text().splitlines() if notes is not None and notes.exists() else []
    return {each["mutant"] for each in map(json.loads, lines) if each["outcome"] == "killed"}


def _outcome(status: int, read: int) -> tuple[str, str]:
    """What became of a process, and what it says."""
    with os.fdopen(read) as file:
        said = file.read().strip()
    code = os.waitstatus_to_exitcode(status)
    return {0: "survived", 1: "killed"}.get(code, "late" if code < 0 else "killed"), said


def _chosen(name: str, by_file: dict[str, list[pytest.Item]]) -> list[pytest.Item]:
    """The tests that a file, a folder or a test's name stands for."""
    place, _, test = name.partition("::")
    files = [each for each in by_file if each == place or each.startswith(place + "/")]
    return [item for each in files for item in by_file[each] if item.nodeid.partition("::")[2].startswith(test)]


def _forked(mutant: Mutant | None, items: list[pytest.Item], tree: Path, limit: int) -> tuple[int, int]:
    """A process that tries it, and where to read what it says."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        _try(mutant, items, tree, write, limit)
    os.close(write)
    return process, read


def _try(mutant: Mutant | None, items: list[pytest.Item], tree: Path, write: int, limit: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        if mutant is not None:
            apply(mutant)
            lay(mutant, HOME / "src", tree / str(os.getpid()))
            os.environ["PYTHONPATH"] = str(tree / str(os.getpid()))
    except BaseException as error:  # it cannot even be imported
        os.write(write, f"import: {type(error).__name__}: {error}"[:200].encode())
        os._exit(1)
    from _pytest.runner import runtestprotocol

    for at, item in enumerate(items):
        following: Any = items[at + 1] if at + 1 < len(items) else None
        reports = runtestprotocol(item, log=False, nextitem=following)
        if any(report.failed for report in reports):
            os.write(write, item.nodeid.encode())
            os._exit(1)
    os.write(write, f"{len(items)} tests pass".encode())
    os._exit(0)


def _end(process: int) -> None:
    """The process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rooms", nargs="+", default=list(SHARES), choices=list(SHARES))
    parser.add_argument("--examples", action="store_true", help="the faults of examples.yaml instead of a sample")
    parser.add_argument("--only", default="", help="files whose path this is found in, as a regular expression")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=20, help="when no more are begun")
    parser.add_argument("--limit", type=int, default=60, help="seconds of computing for one")
    parser.add_argument("--notes", type=Path, help="a file of which test saw what, to go on from")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    begun, notes = time.monotonic(), asked.notes and asked.notes.absolute()
    os.chdir(HOME)
    sys.path[:0] = [str(HOME / "src"), str(HOME)]  # tests that start processes import what they share
    os.environ["PYTHONPATH"] = str(HOME / "src")
    found = examples(HOME / "src") if asked.examples else sample(HOME / "src", asked.seed, asked.count, asked.rooms)
    asked_for = [each for each in found if re.search(asked.only, each.path)]
    known = {name: "survived" for name, verdict in _verdicts().items() if verdict == "equivalent"}
    known |= dict.fromkeys(_killed(notes), "killed")
    left = [each for each in asked_for if _key(each) not in known]
    every = sorted({name.partition("::")[0] for each in left for name in tests_of(each)})
    options = ["-q", "-p", "no:cacheprovider", "-k", "not postgresql", "--capture=no"]
    with tempfile.TemporaryDirectory(prefix="feint-mutants-") as folder:
        until = begun + 60 * asked.minutes
        trials = Trials([*left], asked.workers, until, asked.limit, Path(folder), notes)
        code = pytest.main([*options, *every], plugins=[trials])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(code)
    before = [(each, known[_key(each)]) for each in asked_for if _key(each) in known]
    _say([*before, *trials.found], trials.left, time.monotonic() - begun)


def _verdicts() -> dict[str, str]:
    """By what `_key` says of a mutant: what somebody who looked at it found."""
    known = yaml.safe_load(VERDICTS.read_text()) or []
    return {f"{each['path']}: {each['was']} -> {each['now']}": each["verdict"] for each in known}


def _say(found: list[tuple[Mutant, str]], left: list[Mutant], seconds: float) -> None:
    counts, verdicts = Counter[tuple[str, str]](), _verdicts()
    for mutant, outcome in found:
        verdict = verdicts.get(_key(mutant))
        counts[mutant.room, verdict if outcome != "killed" and verdict else outcome] += 1
    counts.update((mutant.room, "not tried") for mutant in left)
    kinds = ("killed", "equivalent", "open", "survived", "late", "not tried")
    print(f"\n{'room':12}" + "".join(f"{kind:>12}" for kind in kinds))
    for room in sorted({room for room, _ in counts}, key=[*SHARES, "examples"].index):
        print(f"{room:12}" + "".join(f"{counts[room, kind]:12}" for kind in kinds))
    print(f"\n{len(found)} tried in {seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
