"""The driver of a run: stage after stage, whatever is not there yet; the one writer of the run's folder.

Pieces are computed by a runner, which is this process itself unless another is named.
"""

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from feint.errors import SpecError, StoreError
from feint.printable import printable
from feint.reports import Report
from feint.reports.page import page
from feint.reports.pictures import pictures
from feint.runs.blame import blamed
from feint.runs.experiment import Experiment
from feint.runs.folder import files
from feint.runs.folder import ledger as ledgers
from feint.runs.folder.delivery import Delivery
from feint.runs.folder.ledger import Ledger
from feint.runs.folder.storage import Storage
from feint.runs.folder.unfinished import check_unfinished
from feint.runs.machine import VICTIMS, Machine
from feint.runs.result import Result
from feint.runs.run import Run
from feint.runs.settings import RunSettings
from feint.runs.store import notes
from feint.runs.work import NAN, Children, Stage, Work

from .runner import Job, Local, Runner, Task

RUNS = Path("feint-runs")


def run(
    experiment: Experiment[Any],
    settings: RunSettings,
    root: Path = RUNS,
    *,
    victims: Path = VICTIMS,
    given: Mapping[str, Any] | None = None,
    command: str = "",
    fresh: bool = False,
    allow_code: bool = False,
    progress: bool = True,
    runner: Runner | None = None,
    storage: Storage | None = None,
) -> Result:
    """Run an experiment, or read it where it is there already; what an interrupted run computed is used again.

    Files of the run that were damaged or are gone are made again, and named on standard error.

    Args:
        experiment: which.
        settings: what is asked of it.
        root: where run folders lie.
        victims: where trained victims lie.
        given: objects by the names that the settings have for them.
        command: the command line, for the report.
        fresh: forget what an earlier run of the same settings computed.
        allow_code: let programs run that a victim's card names, and exported ones (``.pt2``).
        progress: bars on standard error.
        runner: who computes the pieces; None for this process. It stays open.
        storage: where the run is kept as well, piece by piece, and brought from if it is not here.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    runner = runner or Local()
    if given and not runner.here:
        raise SpecError("runner: expected local for objects that were handed in, got one with workers")
    with blamed():
        machine = Machine.find(
            settings,
            victims=Path(victims),
            given=given or {},
            progress=progress,
            fresh=fresh,
            allow_code=allow_code,
        )
        with machine.steady():
            work = experiment.prepare(settings, machine)
            state: dict[str, Any] = {
                "experiment": experiment.name,
                "settings": work.settings.plain(),
                "identity": dict(work.identity),
                "about": dict(work.about),
                "stages": [stage.name for stage in work.stages],
                "command": command,
            }
            path = Path(root) / ledgers.run_id(experiment.name, state["settings"], state["identity"])
            if storage is not None and not fresh:
                storage.bring(path)
            with _alone(work.places), _opened(path, state, work, fresh) as ledger:
                notes.leave(path)
                ledger.keep_only(work.stages)
                task = _task(experiment, settings, work, path, ledger.state, machine)
                for stage in work.stages:
                    here = Run(path, experiment, ledger.state)
                    if isinstance(stage, Children):
                        _run_children(stage, ledger, root, machine, command, fresh, runner, storage)
                    else:
                        _run_stage(stage, ledger, here, machine, runner, task, storage)
                result = _derive(work, Run(path, experiment, ledger.state), ledger)
                if storage is not None:
                    storage.keep(path, _all_files(path))
            notes.leave(path, ended=True)
            return result


def _task(
    experiment: Experiment[Any], settings: RunSettings, work: Work, path: Path, state: dict[str, Any], machine: Machine
) -> Task:
    """The run, as workers are told of it."""
    now = work.settings
    pinned = settings.but(device=now.device, threads=now.threads, batch_size=now.batch_size)
    return Task(experiment, pinned, path.absolute(), state, machine.victims, machine.allow_code)


def _opened(path: Path, state: Mapping[str, Any], work: Work, fresh: bool) -> Ledger:
    """The run's folder; a training that would leave half of another of its name behind has to say so."""
    if work.places and not fresh and not (path / "run.json").exists():
        check_unfinished(path, state)
    return Ledger.open(path, state, fresh=fresh)


@contextmanager
def _alone(places: Sequence[Path]) -> Generator[None]:
    """Inside, no other process works on these folders."""
    locks: list[int] = []
    try:
        for place in places:
            locks.append(files.locked(place.parent / ".locks" / place.name))  # noqa: PERF401  (closed also after half)
        yield
    finally:
        for lock in locks:
            os.close(lock)


def _run_stage(
    stage: Stage, ledger: Ledger, earlier: Run, machine: Machine, runner: Runner, task: Task, storage: Storage | None
) -> None:
    total = sum(piece.size for piece in stage.pieces)
    absent = [piece for piece in stage.pieces if not ledger.has(stage, piece)]
    if not absent:
        return
    done = total - sum(piece.size for piece in absent)
    # A single piece has nothing to count, and shows progress of its own if it takes long.
    quiet = not machine.progress or len(stage.pieces) == 1
    with tqdm(total=total, initial=done, desc=stage.name, unit=f" {stage.unit}", disable=quiet) as bar:
        job = Job(task, stage, absent, earlier, lambda piece: ledger.scratch(stage.name, piece.name))
        with closing(runner.found(job)) as founds:  # workers are let go of as soon as something goes wrong here
            for piece, found in founds:
                ledger.record(stage, piece, found)
                if storage is not None:
                    storage.keep(ledger.path, ledger.files(stage, piece))
                bar.update(piece.size)


def _run_children(
    stage: Children,
    ledger: Ledger,
    root: Path,
    machine: Machine,
    command: str,
    fresh: bool,
    runner: Runner,
    storage: Storage | None,
) -> None:
    for name, child in stage.runs.items():
        if not ledger.has_child(stage, name):
            result = run(
                child.experiment,
                child.settings,
                root,
                victims=machine.victims,
                given=machine.given,
                command=command,
                fresh=fresh,
                allow_code=machine.allow_code,
                progress=machine.progress,
                runner=runner,
                storage=storage,
            )
            _ = result.report  # one that was there may be another version's, whose summary is not what is read today
            ledger.record_child(stage, name, result.run.id, result.summary)


def _derive(work: Work, here: Run, ledger: Ledger) -> Result:
    """Make what follows from the records, where it is not there as it was written."""
    if work.deliver is not None and not ledger.has_derived("delivered", work.places):
        delivery = Delivery(here.path)
        work.deliver(here, delivery)
        ledger.record_derived("delivered", {}, delivery.written)
    if not ledger.has_derived("summary"):
        found = {"run": here.head, **_warned(here.experiment.summarise(here), here), "skipped": here.skipped}
        ledger.record_derived("summary", {"summary.json": files.json_bytes(found)})
    summary = read_summary(here.path)
    result = Result(here, summary)
    if not ledger.has_derived("report"):
        ledger.record_derived("report", report_files(result.report))
    ledger.finish()
    if ledger.lost:
        names = ", ".join(ledger.lost)
        print(f"feint: {printable(f'made again in {here.path}: {names}')}", file=sys.stderr)
    return result


def _all_files(path: Path) -> list[str]:
    """A run's files that are whole, its state last."""
    names = [str(each.relative_to(path)) for each in sorted(path.rglob("*")) if each.is_file()]
    return [*(name for name in names if not Path(name).name.startswith(".") and name != "run.json"), "run.json"]


def _warned(summary: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
    """A summary with a word on what is left out of its numbers because a network returns none."""
    left = sum(reason == NAN for _, reason in run.skipped)
    if not left or "warnings" not in summary:
        return summary
    said = f"1 input is left out of all numbers: {NAN}"
    if left > 1:
        said = f"{left} inputs are left out of all numbers: {NAN.removesuffix('it')}them"
    return {**summary, "warnings": [*summary["warnings"], said]}


def report_files(report: Report) -> dict[str, bytes]:
    """The files of a report, by their places in a run's folder."""
    figures = {f"figures/{name}": drawn for name, drawn in pictures(report, "svg").items()}
    return {**figures, "report.html": page(report).encode()}


def read_summary(path: Path) -> dict[str, Any]:
    """The summary of a run.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return files.read_json(path / "summary.json")
    except (OSError, ValueError) as error:
        raise StoreError(f"{path / 'summary.json'} cannot be read: {error}; run again to make it anew") from error
