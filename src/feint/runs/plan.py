"""What a run will cost, from a small part of it: each stage is tried on its first inputs, in a folder of its own.

What is tried is first one batch, twice, for the first time costs what is never paid again; then the first piece if that
takes no longer than ``PATIENCE``: inputs in play are pooled over a piece, so that a batch alone costs more. A later
stage sees what the earlier ones found of that part.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, final

from feint.errors import FeintError

from .blame import blamed
from .experiment import Experiment
from .folder.delivery import Delivery
from .folder.ledger import Ledger, run_id
from .machine import VICTIMS, Machine, counted
from .run import Run
from .runners.computing import Computer
from .runners.local import report_files
from .settings import RunSettings
from .work import Children, Found, Piece, Stage, Work

PATIENCE = 60.0
"""Seconds that a whole piece may take to be tried."""
START = 5.0
"""Seconds that a worker takes before it prepares anything: libraries."""
RAY_START = 15.0
"""Seconds that a Ray cluster of this machine alone takes to start; none where one is there."""


@final
@dataclass(frozen=True)
class Cost:
    """What a stage will cost.

    Attributes:
        stage: its name.
        amount: how much work it is, in its unit.
        unit: what that counts.
        tried: how much of that was tried.
        pieces: in how many it comes, which may be computed side by side.
        seconds: of one worker.
        gradients: inputs that a gradient is taken at.
        forwards: inputs through each network.
        size: bytes of records and arrays.
    """

    stage: str
    amount: float
    unit: str
    tried: float
    pieces: int
    seconds: float
    gradients: int
    forwards: int
    size: int


@final
@dataclass(frozen=True)
class Plan:
    """What a run will cost.

    Attributes:
        run: its id.
        stages: what each costs; those of other runs that it is made of, too.
        prepare: seconds until the first piece, with the libraries loaded.
        report: seconds for what is made of the records: files that are delivered, summary and report.
        report_size: their bytes.
        threads: of each worker.
    """

    run: str
    stages: tuple[Cost, ...]
    prepare: float
    report: float
    report_size: int
    threads: int

    def seconds(self, workers: int = 1) -> float:
        """So many workers' on this machine: no more of them help than there are pieces, or cores for their threads."""
        cores = max(1, (os.cpu_count() or 1) // self.threads)
        stages = sum(each.seconds / min(workers, each.pieces, cores) for each in self.stages)
        return self.prepare + stages + self.report

    @property
    def size(self) -> int:
        """Bytes, all together."""
        return sum(each.size for each in self.stages) + self.report_size

    def runners(self, workers: int) -> dict[str, float]:
        """Seconds that each runner would take."""
        started = START + self.prepare
        several = self.seconds(workers) + started
        return {"local": self.seconds(), "processes": several, "ray": several + RAY_START}

    def plain(self, workers: int) -> dict[str, Any]:
        """As JSON."""
        return {
            "run": self.run,
            "gradients": sum(each.gradients for each in self.stages),
            "forwards": sum(each.forwards for each in self.stages),
            "minutes": self.seconds() / 60,
            "megabytes": self.size / 1e6,
            "stages": [dict(vars(each)) for each in self.stages],
            "workers": workers,
            "seconds_by_runner": self.runners(workers),
        }

    def text(self, workers: int) -> str:
        """For a person."""
        told = self.plain(workers)
        lines = [
            f"{self.run}: {told['gradients']:,} gradients, {told['forwards']:,} forwards, "
            f"{minutes(self.seconds())}, {told['megabytes']:,.1f} MB"
        ]
        lines += [
            f"  {each.stage}: {each.amount:,.0f} {each.unit}, {minutes(each.seconds)} (tried: {each.tried:,.0f})"
            for each in self.stages
        ]
        return "\n".join([*lines, _by_runner(self.runners(workers), workers)])


def altogether(plans: Sequence[Plan], workers: int) -> str:
    """The sum of several plans, for a person; workers are started once."""
    by = {name: sum(each.runners(workers)[name] for each in plans) for name in ("local", "processes", "ray")}
    by["processes"] -= START * (len(plans) - 1)
    by["ray"] -= (START + RAY_START) * (len(plans) - 1)
    size = sum(each.size for each in plans) / 1e6
    return f"{len(plans)} runs: {minutes(by['local'])}, {size:,.1f} MB\n{_by_runner(by, workers)}"


def _by_runner(seconds: Mapping[str, float], workers: int) -> str:
    def called(name: str) -> str:
        return name if name == "local" else f"{name} with {workers} workers here"

    return "  " + "; ".join(f"{called(name)}: {minutes(each)}" for name, each in seconds.items())


def minutes(seconds: float) -> str:
    """A time, for a person.

    >>> minutes(4.2), minutes(200.0), minutes(9000.0)
    ('4.2 s', '3.3 min', '2.5 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def planned(
    experiment: Experiment[Any], settings: RunSettings, *, victims: Path = VICTIMS, allow_code: bool = False
) -> Plan:
    """Try a small part of a run.

    Args:
        experiment: which.
        settings: what is asked of it.
        victims: where trained victims lie.
        allow_code: let programs run that a victim's card names, and exported ones.

    Raises:
        FeintError: bad input.
    """
    with blamed(), TemporaryDirectory(prefix="feint-plan-") as folder:
        machine = Machine.find(settings, victims=Path(victims), allow_code=allow_code)
        with machine.steady():
            begun = time.perf_counter()
            work = experiment.prepare(settings, machine)
            prepare = time.perf_counter() - begun
            state: dict[str, Any] = {
                "experiment": experiment.name,
                "settings": work.settings.plain(),
                "identity": dict(work.identity),
                "about": dict(work.about),
                "stages": [stage.name for stage in work.stages],
                "command": "",
            }
            name = run_id(experiment.name, state["settings"], state["identity"])
            with Ledger.open(Path(folder) / name, state) as ledger:
                stages = list(_costs(experiment, work, ledger, machine))
                run = Run(ledger.path, experiment, ledger.state)
                delivering, delivered = _delivered(work, run, stages)
                report, drawn = _report(run)
    return Plan(name, tuple(stages), prepare, delivering + report, delivered + drawn, machine.threads)


def _costs(experiment: Experiment[Any], work: Work, ledger: Ledger, machine: Machine) -> Iterator[Cost]:
    for stage in work.stages:
        if isinstance(stage, Children):
            for child in stage.runs.values():
                found = planned(
                    child.experiment, child.settings, victims=machine.victims, allow_code=machine.allow_code
                )
                yield from found.stages
                report = f"report of {found.run}"
                yield Cost(report, 1, "steps", 1, 1, found.prepare + found.report, 0, 0, found.report_size)
            continue
        earlier = Run(ledger.path, experiment, ledger.state)
        groups: dict[tuple[int, ...], list[Piece]] = {}
        for piece in stage.pieces:  # of several victims, each has a pace of its own
            groups.setdefault(piece.at[:-2] if stage.cut else (), []).append(piece)
        parts = [_cost(stage, pieces, work, ledger, earlier) for pieces in groups.values()]
        yield Cost(
            stage.name,
            sum(each.amount for each in parts),
            stage.unit,
            sum(each.tried for each in parts),
            len(stage.pieces),
            *(sum(getattr(each, name) for each in parts) for name in ("seconds", "gradients", "forwards", "size")),
        )


def _cost(stage: Stage, pieces: Sequence[Piece], work: Work, ledger: Ledger, earlier: Run) -> Cost:
    """What some pieces of a stage will cost, from the first of them."""
    first, computer, amount = pieces[0], Computer(), float(sum(piece.size for piece in pieces))
    scratch = ledger.scratch(stage.name, first.name)
    whole = 1.0

    def tried(part: Piece) -> tuple[Found, float, int, int]:
        nonlocal whole
        with counted() as passes:
            begun = time.perf_counter()
            if stage.trial is not None:
                found, whole = stage.trial(part, earlier, scratch)
            else:
                found = computer.compute(stage, part, earlier, scratch)
            return found, time.perf_counter() - begun, passes.gradients, passes.forwards

    part = first if stage.cut is None else stage.cut(first, work.settings.size)[0]
    found, seconds, gradients, forwards = tried(part)
    once, before = 0.0, 0
    if stage.cut is not None:
        first_time, first_passes = seconds, forwards
        found, seconds, gradients, forwards = tried(part)
        # What the first of all pieces takes beside: a network that is trained, kernels that are chosen.
        once, before = max(0.0, first_time - seconds), max(0, first_passes - forwards)
        if seconds * first.size / part.size <= PATIENCE:
            part = first
            found, seconds, gradients, forwards = tried(part)
    begun = time.perf_counter()
    ledger.record(stage, part, found)
    seconds += time.perf_counter() - begun
    written = (*ledger.path.glob(f"tables/*/{first.name}.parquet"), *ledger.path.glob(f"arrays/*/{first.name}.npz"))
    own = {*stage.tables, *stage.arrays}
    size = sum(path.stat().st_size for path in written if path.parent.name in own)
    times = amount / part.size
    entry = (ledger.path / "ledger" / stage.name / f"{first.name}.json").stat().st_size
    return Cost(
        stage.name,
        amount,
        stage.unit,
        part.size / whole,
        len(pieces),
        once + seconds * times * whole,
        round(gradients * times * whole),
        before + round(forwards * times * whole),
        round(size * times) + entry * len(pieces),
    )


def _delivered(work: Work, run: Run, stages: Sequence[Cost]) -> tuple[float, int]:
    """Seconds and bytes of what the run's folder is given at the end, which grows with what it is made of."""
    if work.deliver is None or work.places:  # a victim is not trained yet, and lies where nothing is to be written
        return 0.0, 0
    begun, delivery = time.perf_counter(), Delivery(run.path)
    try:
        work.deliver(run, delivery)
    except FeintError:  # nothing of what was tried could be read
        return 0.0, 0
    size = sum((run.path / name).stat().st_size for name in delivery.written)
    times = max(each.amount / each.tried for each in stages)
    return times * (time.perf_counter() - begun), round(times * size)


def _report(run: Run) -> tuple[float, int]:
    """Seconds and bytes of summary and report, made of what was tried; none where that is too little for one."""
    begun = time.perf_counter()
    try:
        summary = run.experiment.summarise(run)
        drawn = report_files(run.experiment.report(run, {"run": run.head, **summary, "skipped": run.skipped}))
    except FeintError:
        return 0.0, 0
    return time.perf_counter() - begun, sum(map(len, drawn.values()))
