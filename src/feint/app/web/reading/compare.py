"""Several runs beside each other: a report made from their summaries and records."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch

from feint import metrics
from feint.errors import SpecError
from feint.reports import Column, Format, Report, Section, Table, Text, charts
from feint.reports.formats import percent, radius, times1000
from feint.reports.report import Figure
from feint.runs.run import Run, read_state
from feint.runs.runners.local import read_summary
from feint.runs.store.comparison import flattened
from feint.runs.store.entry import Entry as Stored
from feint.victims.records import MEASURE

from .runs import Reader, judging, opened

MOST: Final = 8
RESAMPLES: Final = 200
WRITTEN: Final[Mapping[str, Format]] = {"accuracy": percent(1), "aurc": times1000(1), "effective_radius": radius}


def compare(kept: Reader, paths: Sequence[Path]) -> Report:
    """Runs of audits by radius, and of all others by the few numbers that their summaries share.

    Raises:
        SpecError: fewer than two, or too many.
        StoreError: one of them is not complete.
    """
    if not 2 <= len(paths) <= MOST:
        raise SpecError(f"runs: expected 2 to {MOST} to compare, got {len(paths)}")
    found = [(Run.load(path, opened(path)[0].experiment), read_summary(path)) for path in paths]
    names = called([run for run, _ in found])
    rows = [{"name": names[run.id], **row} for run, summary in found for row in _rows(run, summary)]
    columns = {
        "name": Column("victim"),
        "run": Column("run"),
        "radius": Column("radius", format=radius),
        "accuracy": Column("accuracy", format=percent(1)),
        "accuracy_within": Column("95 % interval", "accuracy"),
        "aurc": Column("AURC", format=times1000(1)),
        "aurc_within": Column("95 % interval", "AURC"),
        "effective_radius": Column("effective radius", format=radius),
        "effective_radius_within": Column("95 % interval", "effective radius"),
        "success": Column("labels changed", format=percent(1)),
    }
    table = Table.of("compare", columns, rows, caption="By radius; clean where there is none")
    protocols = {Stored.read(path).protocol for path in paths}
    told = (
        "They were asked alike, so that their numbers compare at the same radius. "
        if len(protocols) == 1
        else "They were not asked alike: data, attack, measure or something else differs, and so may the numbers. "
    ) + "A stochastic victim is judged by fresh draws. Intervals are of the bootstrap over images."
    audits = [(run, summary) for run, summary in found if run.experiment.name == "audit"]
    figures = (_figure(rows, {run.id: names[run.id] for run, _ in audits}),) if audits else ()
    return Report(
        title="Comparison",
        headline=f"{len(found)} runs side by side",
        sections=(
            Section("AURC by radius", (Text.of(told), *figures, table)),
            Section("What differs", (_differing([run for run, _ in found], names),)),
        ),
    )


def called(runs: Sequence[Run]) -> dict[str, str]:
    """What to call each run: by its victim, with what it was asked otherwise where that is not enough, or its id."""
    names = {run.id: str(run.about.get("victim", "")) or run.id for run in runs}
    for run in runs:
        alike = [other for other in runs if names[other.id] == names[run.id]]
        if len(alike) > 1:
            names |= {other.id: f"{names[other.id]}, {_otherwise(other, alike)}" for other in alike}
    return names


def _otherwise(run: Run, alike: Sequence[Run]) -> str:
    """Up to two settings that tell a run from others, where they do."""
    asked = {other.id: flattened(read_state(other.path)["settings"]) for other in alike}
    differ = _differ(list(asked.values()))[:2]
    told = {one: "; ".join(f"{name} {_plain(each, name)}" for name in differ) for one, each in asked.items()}
    return told[run.id] if differ and list(told.values()).count(told[run.id]) == 1 else run.id


def _differ(asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """Settings that are not the same in all."""
    names = dict.fromkeys(key for each in asked for key in each)
    return [name for name in names if len({str(each.get(name)) for each in asked}) > 1]


def _plain(asked: Mapping[str, Any], name: str) -> str:
    """A setting in plain words; a dash where there is no such.

    >>> _plain({"limit": None, "classes": ["0", "1"], "defenses": []}, "classes")
    '0, 1'
    """
    value = asked.get(name, "–")
    found = ", ".join(map(str, cast(list[Any], value))) if isinstance(value, list) else str(value)
    return "none" if value is None or not found or value == {} else found


def _differing(runs: Sequence[Run], called: Mapping[str, str]) -> Table:
    """Commands, and settings that are not the same in all."""
    asked = [{"command": run.command, **flattened(read_state(run.path)["settings"])} for run in runs]
    names = _differ(asked)
    heads = {f"run {at}": Column(called[run.id], run.id) for at, run in enumerate(runs)}
    columns = {"setting": Column("setting"), **heads}
    rows = [{"setting": name, **{f"run {at}": _plain(each, name) for at, each in enumerate(asked)}} for name in names]
    return Table.of("settings", columns, rows)


def _rows(run: Run, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    clean = summary.get("clean")
    common = {"run": run.id}
    if not isinstance(clean, Mapping):
        return [{**common, **{name: summary[name] for name in ("accuracy",) if name in summary}}]
    attacked: Any = summary.get("attacked") or []
    stages: list[Mapping[str, Any]] = [{"radius": None, **cast(Mapping[str, Any], clean)}, *attacked]
    return [{**common, **_stage(run, stage)} for stage in stages]


def _stage(run: Run, row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("radius", "accuracy", "aurc", "effective_radius", "success")
    found = {name: value for name in names if isinstance(value := row.get(name), int | float)}
    if run.experiment.name == "audit":
        for name, (low, high) in _intervals(run, row["radius"]).items():
            write = WRITTEN[name]
            found |= {f"{name}_low": low, f"{name}_high": high, f"{name}_within": f"{write(low)} to {write(high)}"}
    return found


def _intervals(run: Run, at: float | None) -> dict[str, tuple[float, float]]:
    """The bootstrap's, of the numbers beside them, from the records: of fresh draws their mean over these."""
    measure = MEASURE + run.settings.measure
    where: dict[str, Any] = {"variant": "clean"} if at is None else {"variant": "attacked", "radius": at}
    records, doubts, wrongs = run.table("records"), list[torch.Tensor](), list[torch.Tensor]()
    for repeat in judging(run, **where):
        table = records.read(["prediction", "label", measure], repeat=repeat, **where)
        doubts.append(torch.tensor(table.column(measure).to_numpy()))
        wrongs.append(torch.tensor(table.column("prediction").to_numpy() != table.column("label").to_numpy()))

    def area(*drawn: torch.Tensor) -> float:
        found = [metrics.aurc(doubt, wrong) for doubt, wrong in zip(drawn[::2], drawn[1::2], strict=True)]
        return sum(found) / len(found)

    def mean(*drawn: torch.Tensor) -> float:
        return float(torch.stack([each.double() for each in drawn]).mean())

    pairs = [each for pair in zip(doubts, wrongs, strict=True) for each in pair]
    found = {
        "aurc": metrics.bootstrap(area, *pairs, resamples=RESAMPLES),
        "accuracy": metrics.bootstrap(mean, *[~wrong for wrong in wrongs], resamples=RESAMPLES),
    }
    if at is not None:  # as the attacker's own draws have it
        accepted = torch.tensor(records.column("accepted", repeat=0, **where))
        found["effective_radius"] = metrics.bootstrap(mean, accepted, resamples=RESAMPLES)
    return {name: (each.low, each.high) for name, each in found.items()}


def _figure(rows: Sequence[Mapping[str, Any]], runs: Mapping[str, str]) -> Figure:
    grid = np.array(sorted({row["radius"] or 0.0 for row in _of(rows, list(runs))}))
    lines = [_line(grid, name, _of(rows, [run]), at) for at, (run, name) in enumerate(runs.items())]
    panel = charts.lines(grid, lines, x_title="radius (0: clean)", y_title="AURC × 1000", dots=True)
    ends = "; ".join(f"{line.name}: {line.y[np.isfinite(line.y)][-1]:.1f}" for line in lines)
    alt = f"AURC × 1000 at the largest radius. {ends}."
    return Figure.of("aurc_by_radius", "AURC by radius", alt, [panel])


def _of(rows: Sequence[Mapping[str, Any]], runs: Sequence[str]) -> list[Mapping[str, Any]]:
    return [{"radius": None, **row} for row in rows if row["run"] in runs]


def _line(grid: Any, run: str, rows: Sequence[Mapping[str, Any]], at: int) -> charts.Line:
    x = np.array([row["radius"] or 0.0 for row in rows])
    y, low, high = (_over(grid, x, [1000 * row[name] for row in rows]) for name in ("aurc", "aurc_low", "aurc_high"))
    return charts.Line(run, y, charts.SERIES[at % len(charts.SERIES)], band=(low, high))


def _over(grid: Any, x: Any, values: Sequence[float]) -> Any:
    """Values at other radii, by straight lines; NaN beyond the last."""
    function: Any = np.interp  # its types are partly unknown
    return function(grid, x, values, right=np.nan)
