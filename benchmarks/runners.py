"""Runners: what sharding and recording cost, what two workers gain, what kills leave, and how much a driver can take.

    FEINT_DATA=... python benchmarks/runners.py [overhead] [driver] [kills] [throughput] [ray] [memory]   (all but ray)

overhead    CIFAR-10's ResNet-20 audited through the driver and the ledger beside the loop over its pieces alone, by
            turns, in processor time: under 5 %.
driver      a driver fed by 64 workers that only sleep, with the records of an audit: shards a second.
kills       an audit of 20 shards with two workers, its driver killed (SIGKILL) three times at random moments, beside an
            undisturbed run in one process: the same bits.
throughput  PGD on the ResNet-20, at least two minutes of work for one process with one thread: two workers in
            processes do 1.6 times as much, after start-up; needs two idle cores, four minutes.
ray         the same with two actors of a Ray cluster on this machine: 1.4 times.
memory      audits of 1,000 and of 20,000 digits (one compressed npz) with two workers: the most that driver and
            workers take, which grows by 10 % at most.
"""

import hashlib
import heapq
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from feint import catalog
from feint.runs.folder.ledger import Ledger, run_id
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.runners import local
from feint.runs.runners.crew import Crew
from feint.runs.runners.runner import Job, Local, Task
from feint.runs.things import loaded
from feint.runs.work import Piece, Stage

NETWORK = """from feint.networks import LeNet
from feint.training import seeded

def network():
    with seeded(0):
        return LeNet()
"""
OVERHEAD, PROCESSES, RAY, GROWN = 0.05, 1.6, 1.4, 0.1
MINUTES, SHARDS, KILLS, STEPS = 2.0, 20, 3, 72


def cifar(name: str, **values: Any) -> tuple[Any, Any]:
    """An experiment on the ResNet-20, one thread."""
    folder = Path(os.environ["FEINT_DATA"])
    experiment = loaded(catalog.EXPERIMENTS[name])
    common = {
        "data": {"source": str(folder / "data" / "cifar10" / "test1000.npz")},
        "victim": {"networks": [f"{folder / 'zoo.py'}:cifar10_resnet20"]},
        "threads": 1,
    }
    return experiment, experiment.settings.parse({**common, **values})


def prepared(experiment: Any, settings: Any) -> tuple[Any, dict[str, Any], str]:
    """The work, a run's state, and its id."""
    machine = Machine.find(settings)
    work = experiment.prepare(settings, machine)
    state = {"experiment": experiment.name, "settings": work.settings.plain(), "identity": dict(work.identity)}
    state |= {"about": dict(work.about), "stages": [stage.name for stage in work.stages], "command": ""}
    return work, state, run_id(experiment.name, state["settings"], state["identity"])


def overhead() -> bool:
    """The driver, the ledger and the disk beside the bare loop over the same pieces."""
    experiment, settings = cifar("audit", radii=[5e-4, 5e-3], batch_size=32, baseline="none")
    settings = settings.but(data=settings.data.but(first=512))
    work, state, name = prepared(experiment, settings)
    stage: Stage = work.stages[0]
    times: dict[str, list[float]] = {"bare": [], "recorded": []}
    with tempfile.TemporaryDirectory() as folder, Machine.find(settings).steady():
        stage.compute(stage.pieces[0], Run(Path(folder), experiment, state), Path(folder))  # warm
        for turn in range(3):
            for kind in times:
                with Ledger.open(Path(folder) / f"{turn}-{kind}" / name, state) as ledger:
                    here = Run(ledger.path, experiment, ledger.state)
                    begun = time.process_time()
                    if kind == "bare":
                        for piece in stage.pieces:
                            stage.compute(piece, here, Path(folder))
                    else:
                        task = Task(experiment, settings, ledger.path, ledger.state, Path(), False)
                        absent = [piece for piece in stage.pieces if not ledger.has(stage, piece)]
                        job = Job(
                            task, stage, absent, here, lambda piece, of=ledger: of.scratch(stage.name, piece.name)
                        )
                        for piece, found in Local().found(job):
                            ledger.record(stage, piece, found)
                    times[kind].append(time.process_time() - begun)
    bare, recorded = (statistics.median(each) for each in times.values())
    share = recorded / bare - 1
    print(f"overhead: bare loop {bare:.2f} s, through driver and ledger {recorded:.2f} s: {share:+.1%} (under 5 %)")
    return share < OVERHEAD


class Sleepers:
    """Workers that only sleep, and hand back the same records."""

    def __init__(self, count: int, seconds: float, found: Any) -> None:
        self.count, self._seconds, self._found = count, seconds, found
        self._due: list[tuple[float, int]] = []
        self._draws = random.Random(0)

    def ask(self, number: int, order: Any) -> None:
        heapq.heappush(self._due, (time.perf_counter() + self._seconds * self._draws.uniform(0.5, 1.5), number))

    def answers(self) -> list[Any]:
        time.sleep(max(0.0, self._due[0][0] - time.perf_counter()))
        found = []
        while self._due and self._due[0][0] <= time.perf_counter():
            found.append((heapq.heappop(self._due)[1], self._found))
        return found

    def room(self, number: int) -> bool:
        return True

    def end(self, number: int) -> None:
        pass

    def close(self) -> None:
        pass


def driver() -> bool:
    """How many shards a second a driver records, of 80 images at three radii each, from 64 workers."""
    experiment, settings = cifar("audit", radii=[5e-5, 5e-4, 5e-3], batch_size=20, baseline="none")
    settings = settings.but(data=settings.data.but(first=80))
    work, state, name = prepared(experiment, settings)
    real: Stage = work.stages[0]
    count = 2000
    stage = Stage(real.name, [Piece(f"{at:05d}", 80) for at in range(count)], real.compute, real.tables)
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / name, state) as ledger:
        here = Run(ledger.path, experiment, ledger.state)
        found = real.compute(real.pieces[0], here, Path(folder))
        task = Task(experiment, settings, ledger.path, ledger.state, Path(), False)
        for seconds in (2.0, 0.2):
            pieces = stage.pieces[: 400 if seconds > 1 else count]
            job = Job(task, stage, pieces, here, lambda piece: ledger.scratch(stage.name, piece.name))
            begun, spent = time.perf_counter(), time.process_time()
            with closing(Crew(Sleepers(64, seconds, found)).found(job)) as founds:
                for piece, each in founds:
                    ledger.record(stage, piece, each)
            wall, spent = time.perf_counter() - begun, time.process_time() - spent
            rows, size = found.tables["records"].num_rows, sum(p.stat().st_size for p in ledger.path.rglob("*.parquet"))
            print(
                f"driver: 64 workers that take {seconds} s a shard: {len(pieces) / wall:.0f} shards a second of "
                f"{64 / seconds:.0f} ({rows} rows each, {1000 * spent / len(pieces):.1f} ms of processor time a shard, "
                f"{size / 1e3 / len(list(ledger.path.rglob('*.parquet'))):.1f} kB)",
                flush=True,
            )
    return True


def bits(folder: Path) -> dict[str, str]:
    """Digests of all tables and arrays of a run."""
    found: dict[str, str] = {}
    for path in sorted((*folder.rglob("*.parquet"), *folder.rglob("*.npz"))):
        found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def kills() -> bool:
    """Three kills on the way through 20 shards."""
    command = [sys.executable, "-m", "feint", "audit", "--radii", "0.05,0.1", "--batch-size", "10", "--threads", "1"]
    command += ["--quiet", "--attack", "iterative-ace:steps=20"]
    draws = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, "--out", f"{folder}/whole"], check=True, capture_output=True)
        (whole,) = Path(folder).glob("whole/*")
        shards = len(list((whole / "ledger" / "audit").glob("*.json")))
        at: list[int] = []
        for after in sorted(draws.sample(range(1, shards - 1), KILLS)):
            with Path(folder, "errors").open("wb") as errors:
                several = [*command, "--out", f"{folder}/killed", "--workers", "2"]
                process = subprocess.Popen(several, stdout=subprocess.DEVNULL, stderr=errors)
            there = 0
            while there < after and process.poll() is None:
                time.sleep(0.02)
                there = len(list(Path(folder).glob("killed/*/ledger/audit/*.json")))
            time.sleep(draws.uniform(0, 0.3))
            process.kill()
            code = process.wait()
            at.append(len(list(Path(folder).glob("killed/*/ledger/audit/*.json"))))
            if code != -9:
                print(f"kills: it came to its end before the kill, exit code {code}")
                return False
        subprocess.run([*command, "--out", f"{folder}/killed", "--workers", "2"], check=True, capture_output=True)
        (killed,) = Path(folder).glob("killed/*")
        one, other = bits(whole), bits(killed)
        equal = one == other
    print(f"kills: {shards} shards, killed with {at} of them recorded: {'the same bits' if equal else 'bits differ'}")
    return equal and shards == SHARDS


def peaks(process: subprocess.Popen[bytes]) -> list[float]:
    """The most memory, in MB, that a process and those that it starts have held, largest first, once it has ended."""
    most: dict[int, float] = {}
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/status"):
            try:
                said = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            except OSError:
                continue
            own, parent = int(path.parent.name), int(said["PPid"])
            if "VmHWM" in said and (own == process.pid or parent == process.pid):
                most[own] = int(said["VmHWM"].split()[0]) / 1000
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"memory: the run ended with {process.returncode}")
    driver = most.pop(process.pid)
    return [driver, *sorted(most.values(), reverse=True)[:2]]


def memory() -> bool:
    """Driver and workers on little data and on much."""
    found: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "network.py"
        network.write_text(NETWORK)
        for count in (1_000, 20_000):
            draws = np.random.default_rng(count)
            images = draws.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            data = Path(folder) / f"{count}.npz"
            np.savez_compressed(data, images=images, labels=draws.integers(0, 10, count))
            command = [
                sys.executable,
                "-m",
                "feint",
                "audit",
                "--data",
                str(data),
                "--network",
                f"{network}:network",
                "--quiet",
            ]
            command += ["--radii", "0.1", "--threads", "1", "--workers", "2", "--baseline", "none", "--out", folder]
            found.append(peaks(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
            said = ", ".join(f"{each:.0f}" for each in found[-1])
            print(f"memory: {count:,} digits: driver and workers {said} MB", flush=True)
    grown = [much / little - 1 for little, much in zip(*found, strict=True)]
    print(f"memory: 20 times the data: {', '.join(f'{each:+.1%}' for each in grown)} (at most 10 %)")
    return all(each < GROWN for each in grown)


def rate(folder: Path, stage: str, workers: int, size: int) -> float:
    """Images a second, from the moment when as many pieces as there are workers are done: start-up is before that."""
    done = sorted(path.stat().st_mtime for path in (folder / "ledger" / stage).glob("*.json"))
    return (len(done) - workers) * size / (done[-1] - done[workers - 1])


def spent() -> float:
    """Seconds of processor time, of this process and of those of its workers that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def throughput(kinds: tuple[str, ...], steps: int) -> bool:
    """Two workers beside this process."""
    from feint.app.running import runner_of

    worked: dict[str, float] = {}
    experiment, settings = cifar("attack", attack=f"pgd:steps={steps}", radii=[2 / 255], batch_size=10)
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        for kind in ("local", *kinds):
            own = {} if kind == "local" else {"workers": 2}
            begun, before = time.perf_counter(), spent()
            with closing(runner_of(kind, **own)) as runner:
                result = local.run(experiment, settings, Path(place) / kind, progress=False, runner=runner)
            took, worked[kind] = time.perf_counter() - begun, spent() - before
            rates[kind] = rate(result.folder, "attack", own.get("workers", 1), 40)
            print(
                f"throughput: {kind}: {rates[kind]:.2f} images a second after start-up, {took:.0f} s, "
                f"{worked[kind]:.0f} s of processor time",
                flush=True,
            )
            if kind == "local" and took < 60 * MINUTES:
                print(f"throughput: expected {60 * MINUTES:.0f} s of work, got {took:.0f}")
        digests = [bits(next(Path(place, kind).iterdir())) for kind in rates]
    good = all(each == digests[0] for each in digests)
    print(f"throughput: {'the same bits' if good else 'bits differ'}")
    for kind in kinds:
        gain, least = rates[kind] / rates["local"], PROCESSES if kind == "processes" else RAY
        print(f"throughput: {kind} with two workers: {gain:.2f} times local (at least {least})")
        good = good and gain >= least
    return good


def main() -> None:
    """What was asked for."""
    asked = sys.argv[1:] or ["overhead", "driver", "kills", "throughput", "memory"]
    kinds = tuple(kind for name, kind in {"throughput": "processes", "ray": "ray"}.items() if name in asked)
    simple = {"overhead": overhead, "driver": driver, "kills": kills, "memory": memory}
    good = [simple[name]() for name in asked if name in simple]
    if kinds:
        good.append(throughput(kinds, next((int(each[6:]) for each in asked if each.startswith("steps=")), STEPS)))
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
