"""An audit's report."""

from collections.abc import Mapping
from typing import Any

from feint.reports import Column, Report, Section, Table
from feint.reports.formats import percent, radius, times1000
from feint.runs.run import Run


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What an audit tells a person."""
    rows = [(None, summary["clean"]), *((row["radius"], row) for row in summary["attacked"])]
    table = Table(
        "scores",
        (Column("radius", format=radius), Column("AURC", format=times1000(2)), Column("accuracy", format=percent(2))),
        tuple((at, row["aurc"], row["accuracy"]) for at, row in rows),
        terminal=True,
    )
    return Report("audit", "headline", (Section("Scores", (table,)),))
