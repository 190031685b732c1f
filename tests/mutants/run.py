"""`make mutants`: small faults are put into the code one at a time, and the tests of their room must see them.

Each fault is tried in a process of its own, forked from one that has imported torch, in one of a few copies of the tree.
It is killed where a test fails, survives where all pass, and is late where they take too long. What survives and was
looked at is in survivors.yaml: "equivalent", nobody could see the fault; "open", a test should.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from sample import SHARES, Mutant, examples, sample

HOME = Path(__file__).resolve().parents[2]
VERDICTS = Path(__file__).with_name("survivors.yaml")
MORE = ("tests/exact", "tests/parity", "tests/contracts")
"""Where tests lie that are not in the folder of their room."""


def tests_of(mutant: Mutant, home: Path) -> list[str]:
    """Doctests of the file, tests named as it is, tests that mention what it defines, and the rest of its folder."""
    if mutant.tests:
        return list(mutant.tests)
    path = Path(mutant.path).relative_to("feint")
    source = (home / "src" / mutant.path).read_text()
    names = re.findall(r"^(?:def|class) ([A-Za-z]\w*)|^([A-Z][A-Z_]+)\b", source, re.MULTILINE)
    defined = re.compile(r"\b(" + "|".join([path.stem, *{name for pair in names for name in pair if name}]) + r")\b")
    folder = home / "tests" / path.parent
    near = set(folder.glob("test_*.py")) | (set(folder.rglob("test_*.py")) if mutant.room == "experiments" else set())
    room = set((home / "tests" / mutant.room).rglob("test_*.py")) - near if mutant.room != "experiments" else set()
    other = {each for more in MORE for each in (home / more).glob("test_*.py")}
    mentioned = {each: len(set(defined.findall(each.read_text()))) for each in near | room | other}
    wanted = [each for each in mentioned if each in near or mentioned[each]]

    def order(each: Path) -> tuple[bool, bool, int, str]:
        return each.stem != f"test_{path.stem}", each in other, -mentioned[each], str(each)

    found = [each for each in sorted(wanted, key=order) if _is_quick(each, mutant.room)]
    return [f"src/{mutant.path}", *(str(each.relative_to(home)) for each in found)]


def _is_quick(test: Path, room: str) -> bool:
    """Contracts of experiments take minutes; contracts of other rooms say nothing of this one."""
    return test.parent.name != "contracts" or test.stem == f"test_{room}"


@dataclass
class Trial:
    """A mutant that is being tried.

    Attributes:
        mutant: which.
        tree: the copy of the repository that has it.
        until: when it is late.
        log: what pytest says.
    """

    mutant: Mutant
    tree: Path
    until: float
    log: Path


@dataclass
class Trials:
    """All of them, a few at a time.

    Attributes:
        trees: copies of the repository that nobody uses now.
        limit: seconds of computing for each.
        found: what became of each.
        stamp: the time that the next file gets, so that no compiled one passes for it.
    """

    trees: list[Path]
    limit: int
    found: list[tuple[Mutant, str]] = field(default_factory=list)
    stamp: int = 1_000_000_000
    running: dict[int, Trial] = field(default_factory=dict)

    def start(self, mutant: Mutant) -> None:
        """Put the fault into a copy and run its tests there."""
        tree = self.trees.pop()
        self._write(tree / "src" / mutant.path, mutant.source)
        log = tree / "log"
        tests = tests_of(mutant, HOME)
        process = os.fork()
        if process == 0:
            _try(tree, tests, log, self.limit)
        self.running[process] = Trial(mutant, tree, time.monotonic() + 8 * self.limit, log)

    def _write(self, path: Path, source: str) -> None:
        self.stamp += 10
        path.write_text(source)
        os.utime(path, (self.stamp, self.stamp))

    def wait(self) -> None:
        """Until one is done."""
        while True:
            for process, trial in list(self.running.items()):
                done, status = os.waitpid(process, os.WNOHANG)
                late = time.monotonic() > trial.until
                if not done and not late:
                    continue
                _end(process)
                if not done:
                    os.waitpid(process, 0)
                code = os.waitstatus_to_exitcode(status) if done else -signal.SIGXCPU
                self._note(self.running.pop(process), code)
                return
            time.sleep(0.05)

    def _note(self, trial: Trial, code: int) -> None:
        outcome = {0: "survived", 1: "killed", 2: "killed", -signal.SIGXCPU: "late"}.get(code)
        said = trial.log.read_text()
        if outcome is None and code >= 0:
            raise SystemExit(f"{trial.mutant}: pytest ended with {code}\n{said}")
        self.found.append((trial.mutant, outcome or "killed"))
        by = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
        print(f"{outcome or 'killed'} {trial.mutant}\n    {by[1] if by else ''}", flush=True)
        self._write(trial.tree / "src" / trial.mutant.path, (HOME / "src" / trial.mutant.path).read_text())
        self.trees.append(trial.tree)


def _try(tree: Path, tests: list[str], log: Path, limit: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    os.chdir(tree)
    sys.path[:0] = [str(tree / "src")]
    os.environ["PYTHONPATH"] = str(tree / "src")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    import pytest

    code = pytest.main(["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-k", "not postgresql", *tests])
    sys.stdout.flush()
    os._exit(code)


def _end(process: int) -> None:
    """The process and all that it started."""
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _import_what_takes_long() -> None:
    """Everything that is not ours, once for all trials."""
    for name in ("torch", "torchvision", "pyarrow.parquet", "scipy.stats", "sklearn", "sqlalchemy"):
        __import__(name)
    __import__("pydantic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rooms", nargs="+", default=list(SHARES), choices=list(SHARES))
    parser.add_argument("--examples", action="store_true", help="the faults of examples.yaml instead of a sample")
    parser.add_argument("--only", default="", help="files whose path holds this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=20, help="when no more are begun")
    parser.add_argument("--limit", type=int, default=60, help="seconds of computing for one")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = examples(HOME / "src") if asked.examples else sample(HOME / "src", asked.seed, asked.count, asked.rooms)
    left = [each for each in found if asked.only in each.path]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _import_what_takes_long()
    with tempfile.TemporaryDirectory(prefix="feint-mutants-") as folder:
        trees = [Path(folder) / str(number) for number in range(asked.workers)]
        for tree in trees:
            for name in ("src", "tests"):
                shutil.copytree(HOME / name, tree / name)
            shutil.copy(HOME / "pyproject.toml", tree)
        trials = Trials(list(trees), asked.limit)
        while trials.running or (left and time.monotonic() - begun < 60 * asked.minutes):
            while left and trials.trees and time.monotonic() - begun < 60 * asked.minutes:
                trials.start(left.pop(0))
            trials.wait()
    _say(trials.found, left, time.monotonic() - begun)


def _say(found: list[tuple[Mutant, str]], left: list[Mutant], seconds: float) -> None:
    known = yaml.safe_load(VERDICTS.read_text()) or []
    verdicts = {(each["path"], each["was"], each["now"]): each["verdict"] for each in known}
    counts = Counter[tuple[str, str]]()
    for mutant, outcome in found:
        verdict = verdicts.get((mutant.path, mutant.was, mutant.now))
        counts[mutant.room, verdict if outcome != "killed" and verdict else outcome] += 1
    counts.update((mutant.room, "not tried") for mutant in left)
    kinds = ("killed", "equivalent", "open", "survived", "late", "not tried")
    print(f"\n{'room':12}" + "".join(f"{kind:>12}" for kind in kinds))
    for room in sorted({room for room, _ in counts}, key=[*SHARES, "examples"].index):
        print(f"{room:12}" + "".join(f"{counts[room, kind]:12}" for kind in kinds))
    print(f"\n{len(found)} tried in {seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
