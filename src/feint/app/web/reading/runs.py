"""What is read out of run folders, in a process of its own: reports, also of runs that are not done, and their rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from feint import catalog
from feint.errors import SpecError, StoreError
from feint.reports import Report
from feint.runs.experiment import Experiment
from feint.runs.run import Run, read_state
from feint.runs.runners.local import read_summary
from feint.runs.things import loaded

MOST_ROWS = 1000
"""Rows of one answer."""


@final
@dataclass(frozen=True)
class Reader:
    """What the process keeps: nothing but what is imported."""


def report(kept: Reader, path: Path) -> Report:
    """A run's report; of one that is not done, of what is there.

    Raises:
        StoreError: there is not enough yet, or it cannot be read.
    """
    run, complete = opened(path)
    if complete:
        return run.experiment.report(run, read_summary(path))
    try:
        return run.experiment.report(run, {"run": run.head, **run.experiment.summarise(run), "skipped": run.skipped})
    except Exception as error:  # half of the tables, where a summary counts on all
        raise StoreError(f"{path.name}: there is not enough yet for its report") from error


def opened(path: Path) -> tuple[Run, bool]:
    """A run, and whether it is complete.

    Raises:
        StoreError: it is none, or of an experiment that is not there.
    """
    state = read_state(path)
    names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    if state["experiment"] not in names:
        raise StoreError(f"{path.name}: expected a run of {', '.join(names)}, got one of {state['experiment']}")
    experiment: Experiment[Any] = loaded(names[state["experiment"]])
    return Run(path, experiment, state), state["state"] == "complete"


def judging(run: Run, **where: Any) -> list[int]:
    """Which sets of draws judge these records: the fresh ones, where there are any, else the only one."""
    return sorted(run.table("records").distinct("repeat", **where))[1:] or [0]


def tables(kept: Reader, path: Path) -> dict[str, dict[str, Any]]:
    """The tables that a run has: their columns, and how many rows."""
    run, _ = opened(path)
    names = sorted(place.name for place in (path / "tables").glob("*") if place.is_dir())
    return {name: {"columns": list(run.table(name).names), "rows": len(run.table(name))} for name in names}


def rows(kept: Reader, path: Path, table: str, where: Mapping[str, str], start: int, count: int) -> dict[str, Any]:
    """Some rows of a table.

    Args:
        kept: nothing.
        path: the run's folder.
        table: which.
        where: column -> the value that a row must have, as a text.
        start: the first of them.
        count: at most so many.

    Raises:
        SpecError: a table or a column that there is not, or a value that is none for it.
    """
    known = tables(kept, path)
    if table not in known:
        raise SpecError(f"table: expected one of {', '.join(known) or 'none'}, got {table!r}")
    run, _ = opened(path)
    found, skipped, total = list[dict[str, Any]](), start, 0
    for piece in run.table(table).batches(None, **_typed(run, table, where)):
        total += piece.num_rows
        if skipped < piece.num_rows and len(found) < min(count, MOST_ROWS):
            cut = piece.slice(skipped, min(count, MOST_ROWS) - len(found))
            found += cut.to_pylist()
        skipped = max(0, skipped - piece.num_rows)
    return {"rows": found, "total": total}


def _typed(run: Run, table: str, where: Mapping[str, str]) -> dict[str, Any]:
    """Values as the types of their columns."""
    import pyarrow as pa

    first = next(run.table(table).batches(), None)
    schema = {} if first is None else dict(zip(first.schema.names, first.schema.types, strict=True))
    found: dict[str, Any] = {}
    for name, text in where.items():
        if name not in schema:
            raise SpecError(f"where: expected a column of {', '.join(schema)}, got {name!r}")
        kind: Any = schema[name]
        try:
            if pa.types.is_boolean(kind):
                found[name] = {"true": True, "false": False}[text.lower()]
            elif pa.types.is_integer(kind):
                found[name] = int(text)
            elif pa.types.is_floating(kind):
                found[name] = float(text)
            else:
                found[name] = text
        except (ValueError, KeyError) as error:
            raise SpecError(f"{name}: expected {kind}, got {text!r}") from error
    return found
