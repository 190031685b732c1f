"""The local runner: one process, stage after stage, piece after piece, whatever is not there yet."""

import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from feint.errors import DataError, StoreError
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
from feint.runs.machine import VICTIMS, Machine
from feint.runs.result import Result
from feint.runs.run import Run
from feint.runs.settings import RunSettings
from feint.runs.store import notes
from feint.runs.work import Children, Found, NothingRead, Piece, Stage, Work

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

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
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
            with _alone(work.places), Ledger.open(path, state, fresh=fresh) as ledger:
                notes.leave(path)
                ledger.keep_only(work.stages)
                for stage in work.stages:
                    here = Run(path, experiment, ledger.state)
                    if isinstance(stage, Children):
                        _run_children(stage, ledger, root, machine, command, fresh)
                    else:
                        _run_stage(stage, ledger, here, machine)
                result = _derive(work, Run(path, experiment, ledger.state), ledger)
            notes.leave(path, ended=True)
            return result


def _computed(stage: Stage, piece: Piece, earlier: Run, ledger: Ledger) -> Found:
    """What a piece comes to; empty where none of its inputs can be read."""
    try:
        return stage.compute(piece, earlier, ledger.scratch(stage.name, piece.name))
    except NothingRead as nothing:
        if len(stage.pieces) == 1:
            raise DataError(f"expected inputs that can be read, got none of {len(nothing.skipped)}") from nothing
        empty = {name: schema.empty_table() for name, schema in stage.tables.items()}
        return Found(empty, {name: {} for name in stage.arrays}, nothing.skipped)


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


def _run_stage(stage: Stage, ledger: Ledger, earlier: Run, machine: Machine) -> None:
    total = sum(piece.size for piece in stage.pieces)
    absent = [piece for piece in stage.pieces if not ledger.has(stage, piece)]
    if not absent:
        return
    done = total - sum(piece.size for piece in absent)
    # A single piece has nothing to count, and shows progress of its own if it takes long.
    quiet = not machine.progress or len(stage.pieces) == 1
    with tqdm(total=total, initial=done, desc=stage.name, unit=f" {stage.unit}", disable=quiet) as bar:
        for piece in absent:
            found = _computed(stage, piece, earlier, ledger)
            ledger.record(stage, piece, found)
            bar.update(piece.size)


def _run_children(stage: Children, ledger: Ledger, root: Path, machine: Machine, command: str, fresh: bool) -> None:
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
            )
            ledger.record_child(stage, name, result.run.id, result.summary)


def _derive(work: Work, here: Run, ledger: Ledger) -> Result:
    """Make what follows from the records, where it is not there as it was written."""
    if work.deliver is not None and not ledger.has_derived("delivered", work.places):
        delivery = Delivery(here.path)
        work.deliver(here, delivery)
        ledger.record_derived("delivered", {}, delivery.written)
    if not ledger.has_derived("summary"):
        found = {"run": here.head, **here.experiment.summarise(here), "skipped": here.skipped}
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
        return json.loads((path / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path / 'summary.json'} cannot be read: {error}; run again to make it anew") from error
