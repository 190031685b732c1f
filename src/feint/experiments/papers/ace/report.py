"""The report of a table of the paper on ACE."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from feint.experiments.about import closing
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Details, Figure, Notes, Report, Section, Table, Text, charts
from feint.reports.formats import fixed, percent, radius, significant, times1000
from feint.runs.run import Run

from .beside import TABLES
from .paper import PaperRow

TERMS = ("AURC", "NLL", "Brier", "Radius", "Effective radius", "Kept", "Gradients, queries")


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a table tells a person."""
    worst = max((row for row in summary["rows"] if row["radius"] is not None), key=lambda row: row["aurc"])
    clean = next(
        row
        for row in summary["rows"]
        if row["radius"] is None and (row["victim"], row["setting"]) == (worst["victim"], worst["setting"])
    )
    return Report(
        title=f"feint reproduce {summary['experiment']}",
        headline=(
            f"{worst['victim']}, {worst['setting']}: AURC × 1000 from {1000 * clean['aurc']:.2f} to "
            f"{1000 * worst['aurc']:.2f} within {radius(worst['radius'])}."
        ),
        sections=(
            Section("In numbers", (table(summary), Text.of(f"Differences: {summary['differences']}."))),
            *([Section("What the selector answers", selection(summary))] if "calibrated" in summary else []),
            Section("Beside the paper", beside(summary)),
            Section("AURC by radius", (_figure(summary),)),
            *closing(run, {"data": run.about["data"]}, (f"Differences: {summary['differences']}.",), terminal=True),
        ),
        glossary=chosen(TERMS),
    )


def table(summary: Mapping[str, Any]) -> Table:
    """A row per victim, setting and radius."""
    rows = summary["rows"]
    drawn = any("own_draws_aurc" in row for row in rows)  # the others are of fresh draws then
    columns: dict[str, Column] = {
        "victim": Column("victim"),
        "setting": Column("setting"),
        "radius": Column("radius", format=radius),
        "aurc": Column("AURC", format=times1000(2)),
        **({"aurc_std": Column("±", "× 1000", times1000(2))} if drawn else {}),
        "nll": Column("NLL", "nats", fixed(3)),
        "brier": Column("Brier", "0 to 2", fixed(3)),
        "accuracy": Column("accuracy", format=percent(2)),
        "kept": Column("kept", format=percent(2)),
        "effective_radius": Column("eff. radius", format=radius),
        "risk_at_0.25": Column("risk at 25 %", format=fixed(3)),
        "risk_at_0.95": Column("risk at 95 %", format=fixed(3)),
        "gradients": Column("gradients", "per image", fixed(1)),
        "queries": Column("queries", "per image", fixed(1)),
        **({"own_draws_aurc": Column("AURC, attack's draws", format=times1000(2))} if drawn else {}),
    }
    cells = tuple(
        tuple("clean" if name == "radius" and row[name] is None else row.get(name) for name in columns) for row in rows
    )
    return Table("rows", tuple(columns.values()), cells, terminal=True)


def selection(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """What becomes of the selector's answers: at its own threshold, and at the calibrated one."""
    columns = {
        "victim": Column("victim"),
        "setting": Column("setting"),
        "radius": Column("radius", format=radius),
        "coverage": Column("coverage", "% at g = 0.5", percent(2)),
        "risk": Column("risk", "% at g = 0.5", percent(2)),
        "selective_risk": Column("risk", "% at the clean coverage", percent(2)),
        "calibrated_coverage": Column("coverage", "% calibrated", percent(2)),
        "calibrated_risk": Column("risk", "% calibrated", percent(2)),
    }
    rows = [{**row, "radius": "clean" if row["radius"] is None else row["radius"]} for row in summary["rows"]]
    caption = "Share of the images that the selector answers, and of those answers that is wrong"
    shown = Table.of("selection", columns, rows, caption=caption, terminal=True)
    told = dict.fromkeys(
        f"{each['victim']}: calibrated to a coverage of {percent(1)(each['wanted'])} % on "
        f"{each['calibrated_on']} clean images, judged on the others"
        for each in summary["calibrated"]
        if each["calibrated_threshold"] is not None
    )
    return (shown, Notes(tuple(told), terminal=True)) if told else (shown,)


def beside(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """The paper's figures beside ours, where setting and radius are the same; a row of ours once, each of theirs."""
    number, printed = TABLES[summary["experiment"]]
    selects = printed[0].selective_risk is not None
    pairs: list[tuple[str, str, Column]] = [
        ("effective_radius", "effective", Column("eff. radius", format=significant(5))),
        ("aurc", "aurc", Column("AURC", "× 1000", fixed(2 if selects else 1))),
        ("nll", "nll", Column("NLL", "nats", fixed(3))),
        ("brier", "brier", Column("Brier", "0 to 2", fixed(3))),
        ("accuracy", "accuracy", Column("accuracy", "%", fixed(2))),
        *([("selective_risk", "selective_risk", Column("selective risk", format=fixed(4)))] if selects else []),
    ]
    columns = [Column("victim"), Column("setting"), Column("radius", format=radius), Column("the paper’s")]
    for _, _, column in pairs:
        columns += [column, replace(column, title="paper", unit=column.title)]
    cells: list[tuple[Any, ...]] = []
    for row in summary["rows"]:
        head = (row["victim"], row["setting"], "clean" if row["radius"] is None else row["radius"])
        for at, theirs in enumerate(row["paper"]):
            theirs = {**theirs, "effective": theirs["effective"] or None}  # of clean rows, where nothing was spent
            numbers = [(AGAIN if at else _as_printed(ours, row.get(ours)), theirs[name]) for ours, name, _ in pairs]
            cells.append((*head, theirs["victim"], *(each for pair in numbers for each in pair)))
    whole = Details(f"table {number} of the paper", (_whole(number, printed),))
    if not cells:
        wanted = "; ".join(dict.fromkeys(row.setting for row in printed))
        return (Notes((f"{NONE_ALIKE} table {number} has: {wanted}.",), terminal=True), whole)
    caption = f"Table {number} of the paper beside ours, at the same radius in the same setting"
    return (Table("beside", tuple(columns), tuple(cells), caption=caption, terminal=True), whole)


AGAIN = ""
"""For a number of ours that stands in the row above."""
NONE_ALIKE = "None of these settings at these radii is in the paper, whose"


def _as_printed(name: str, value: float | None) -> float | None:
    """A number of ours in the unit of the paper's."""
    return None if value is None else value * {"aurc": 1000.0, "accuracy": 100.0}.get(name, 1.0)


def _whole(number: int, printed: Sequence[PaperRow]) -> Table:
    """The paper's table as it is printed."""
    columns = {
        "victim": Column("victim"),
        "setting": Column("setting"),
        "epsilon": Column("radius", format=radius),
        "effective": Column("eff. radius", format=significant(5)),
        "aurc": Column("AURC", "× 1000", fixed(2 if number == 4 else 1)),
        "nll": Column("NLL", "nats", fixed(3)),
        "brier": Column("Brier", "0 to 2", fixed(3)),
        "accuracy": Column("accuracy", "%", fixed(2)),
        **({"selective_risk": Column("selective risk", format=fixed(4))} if number == 4 else {}),
    }
    return Table.of("paper", columns, [row._asdict() for row in printed], caption=f"Table {number} of the paper")


def _figure(summary: Mapping[str, Any]) -> Figure:
    blocks: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in summary["rows"]:
        blocks.setdefault((row["victim"], row["setting"]), []).append(row)
    names = [f"{victim}, {setting}" for victim, setting in blocks]
    longest = max(map(len, blocks.values()))
    groups = tuple(
        charts.Bars(
            "clean" if at == 0 else f"radius {at} of {longest - 1}",
            tuple(1000 * rows[at]["aurc"] if at < len(rows) else None for rows in blocks.values()),
            charts.by_radius([None, *map(float, range(1, longest))])[at],
        )
        for at in range(longest)
    )
    areas = [", ".join(f"{1000 * row['aurc']:.1f}" for row in rows) for rows in blocks.values()]
    alt = "; ".join(f"{name}: {found}" for name, found in zip(names, areas, strict=True))
    panel = charts.bars(names, groups, title="AURC (× 1000)")
    legend = tuple(group.mark for group in groups)
    return Figure("aurc", "AURC, clean and at rising radii", f"AURC × 1000: {alt}.", (panel,), legend=legend)
