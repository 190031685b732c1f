"""The paper's figures beside ours: a table of both, and the paper's own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from feint.experiments.about import columns
from feint.reports import Block, Column, Details, Notes, Table
from feint.reports.formats import fixed, radius, significant

from .matching import TABLES

AGAIN = ""
"""For a number of ours that stands in the row above."""
NONE_ALIKE = "None of these settings at these radii is in the paper, whose"


def labelled(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our rows, in which the radius of clean ones is a word."""
    return [{**row, "radius": "clean" if row["radius"] is None else row["radius"]} for row in summary["rows"]]


def beside(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """The paper's figures beside ours, where setting and radius are the same; a row of ours once, each of theirs."""
    number, printed = TABLES[summary["experiment"]]
    said = _printed(number)
    heads = [*columns("victim setting radius").values(), Column("the paper’s")]
    for column in said.values():
        heads += [column, replace(column, title="paper", unit=column.title)]
    cells: list[tuple[Any, ...]] = []
    for row in labelled(summary):
        ours = _as_printed(row)
        for at, theirs in enumerate(row["paper"]):
            theirs = {**theirs, "effective": theirs["effective"] or None}  # of clean rows, where nothing was spent
            numbers = [each for name in said for each in (AGAIN if at else ours[name], theirs[name])]
            cells.append((row["victim"], row["setting"], row["radius"], theirs["victim"], *numbers))
    whole = columns(f"victim setting epsilon {' '.join(said)}", epsilon=Column("radius", format=radius), **said)
    title = f"Table {number} of the paper"
    folded = Details(title, (Table.of("paper", whole, [row._asdict() for row in printed]),))
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
