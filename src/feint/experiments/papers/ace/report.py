"""The report of a table of the paper on ACE."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from feint.experiments.about import columns, tabled, told
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Details, Figure, Notes, Report, Table, charts
from feint.reports.formats import fixed, percent, radius, significant, times1000
from feint.runs.run import Run

from .beside import TABLES

AGAIN = ""
"""For a number of ours that stands in the row above."""
NONE_ALIKE = "None of these settings at these radii is in the paper, whose"
SELECTION = "Share of the images that the selector answers, and of those answers that is wrong"


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a table tells a person."""
    worst = max((row for row in summary["rows"] if row["radius"] is not None), key=lambda row: row["aurc"])
    clean = _blocks(summary)[worst["victim"], worst["setting"]][0]
    headline = (
        f"{worst['victim']}, {worst['setting']}: AURC × 1000 from {1000 * clean['aurc']:.2f} to "
        f"{1000 * worst['aurc']:.2f} within {radius(worst['radius'])}."
    )
    sections = {
        "In numbers": table(summary),
        "What the selector answers": selection(summary) if "calibrated" in summary else (),
        "Beside the paper": beside(summary),
        "AURC by radius": _figure(summary),
    }
    terms = chosen("AURC", "NLL", "Brier", "Radius", "Effective radius", "Kept", "Gradients, queries")
    title, notes = f"feint reproduce {summary['experiment']}", (f"Differences: {summary['differences']}.",)
    return told(run, summary, headline, sections, title=title, notes=notes, terminal=True, glossary=terms)


def _blocks(summary: Mapping[str, Any]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The rows of each victim and setting, the clean one first."""
    blocks: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in summary["rows"]:
        blocks.setdefault((row["victim"], row["setting"]), []).append(row)
    return blocks


def table(summary: Mapping[str, Any]) -> Table:
    """A row per victim, setting and radius; of victims that draw, judged by fresh draws."""
    said = {
        "aurc_std": Column("±", "× 1000", times1000(2)),
        "risk_at_0.25": Column("risk at 25 %", format=fixed(3)),
        "risk_at_0.95": Column("risk at 95 %", format=fixed(3)),
        "own_draws_aurc": Column("AURC, attack's draws", format=times1000(2)),
    }
    order = (
        "victim setting radius aurc aurc_std nll brier accuracy kept effective_radius risk_at_0.25 risk_at_0.95 "
        "gradients queries own_draws_aurc"
    )
    shown = columns(order, **said)
    if not any("own_draws_aurc" in row for row in summary["rows"]):
        del shown["aurc_std"], shown["own_draws_aurc"]
    return Table.of("rows", shown, _rows(summary), terminal=True)


def _rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**row, "radius": "clean" if row["radius"] is None else row["radius"]} for row in summary["rows"]]


def selection(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """What becomes of the selector's answers: at its own threshold, and at the calibrated one."""
    said = {
        "coverage": Column("coverage", "% at g = 0.5", percent(2)),
        "risk": Column("risk", "% at g = 0.5", percent(2)),
        "selective_risk": Column("risk", "% at the clean coverage", percent(2)),
        "calibrated_coverage": Column("coverage", "% calibrated", percent(2)),
        "calibrated_risk": Column("risk", "% calibrated", percent(2)),
    }
    shown = tabled("selection", "victim setting radius", said, _rows(summary), SELECTION)
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
    said = _printed(number)
    heads = [*columns("victim setting radius").values(), Column("the paper’s")]
    for column in said.values():
        heads += [column, replace(column, title="paper", unit=column.title)]
    cells: list[tuple[Any, ...]] = []
    for row in _rows(summary):
        ours = _as_printed(row)
        for at, theirs in enumerate(row["paper"]):
            theirs = {**theirs, "effective": theirs["effective"] or None}  # of clean rows, where nothing was spent
            numbers = [each for name in said for each in (AGAIN if at else ours[name], theirs[name])]
            cells.append((row["victim"], row["setting"], row["radius"], theirs["victim"], *numbers))
    whole = columns(f"victim setting epsilon {' '.join(said)}", epsilon=Column("radius", format=radius), **said)
    title = f"Table {number} of the paper"
    paper = Table.of("paper", whole, [row._asdict() for row in printed], caption=title)
    folded = Details(f"table {number} of the paper", (paper,))
    if not cells:
        wanted = "; ".join(dict.fromkeys(row.setting for row in printed))
        return (Notes((f"{NONE_ALIKE} table {number} has: {wanted}.",), terminal=True), folded)
    caption = f"{title} beside ours, at the same radius in the same setting"
    return (Table("beside", tuple(heads), tuple(cells), caption=caption, terminal=True), folded)


def _printed(number: int) -> dict[str, Column]:
    """Columns of the paper's table with that number, in its units; table 4 is of selectors."""
    said = {
        "effective": Column("eff. radius", format=significant(5)),
        "aurc": Column("AURC", "× 1000", fixed(2 if number == 4 else 1)),
        "accuracy": Column("accuracy", "%", fixed(2)),
        "selective_risk": Column("selective risk", format=fixed(4)),
    }
    order = "effective aurc nll brier accuracy"
    return columns(f"{order} selective_risk" if number == 4 else order, **said)


def _as_printed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Our numbers under the paper's names, in its units."""
    found = {**row, "effective": row["effective_radius"], "selective_risk": row.get("selective_risk")}
    return found | {name: times * row[name] for name, times in (("aurc", 1000.0), ("accuracy", 100.0))}


def _figure(summary: Mapping[str, Any]) -> Figure:
    blocks = {f"{victim}, {setting}": rows for (victim, setting), rows in _blocks(summary).items()}
    longest = max(map(len, blocks.values()))
    shades = charts.by_radius([None, *map(float, range(1, longest))])
    groups = [
        (
            f"radius {at} of {longest - 1}" if at else "clean",
            [rows[at]["aurc"] if at < len(rows) else None for rows in blocks.values()],
        )
        for at in range(longest)
    ]
    look: dict[str, Any] = {"axis": "AURC (× 1000)", "times": 1000}
    return charts.bars("aurc", "AURC, clean and at rising radii", tuple(blocks), groups, shades, **look)
