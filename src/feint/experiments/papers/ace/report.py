"""The report of a table of the paper on ACE."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing, columns
from feint.experiments.glossary import chosen
from feint.reports import Column, Figure, Report, Section, Table, charts
from feint.reports.formats import fixed, radius, times1000
from feint.runs.run import Run


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a table tells a person."""
    worst = max((row for row in summary["rows"] if row["radius"] is not None), key=lambda row: row["aurc"])
    clean = _blocks(summary)[worst["victim"], worst["setting"]][0]
    differences = f"Differences: {summary['differences']}."
    return Report(
        title=f"feint reproduce {summary['experiment']}",
        headline=(
            f"{worst['victim']}, {worst['setting']}: AURC × 1000 from {1000 * clean['aurc']:.2f} to "
            f"{1000 * worst['aurc']:.2f} within {radius(worst['radius'])}."
        ),
        sections=(
            Section("In numbers", (table(summary),)),
            Section("AURC by radius", (_figure(summary),)),
            *closing(run, {"data": run.about["data"]}, (differences,), terminal=True),
        ),
        glossary=chosen("AURC", "NLL", "Brier", "Radius", "Effective radius", "Kept", "Gradients, queries"),
    )


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
    rows = [{**row, "radius": "clean" if row["radius"] is None else row["radius"]} for row in summary["rows"]]
    return Table.of("rows", shown, rows, terminal=True)


def _figure(summary: Mapping[str, Any]) -> Figure:
    blocks = {f"{victim}, {setting}": rows for (victim, setting), rows in _blocks(summary).items()}
    longest = max(map(len, blocks.values()))
    shades = charts.by_radius([None, *map(float, range(1, longest))])
    groups = tuple(
        charts.Bars(
            f"radius {at} of {longest - 1}" if at else "clean",
            tuple(1000 * rows[at]["aurc"] if at < len(rows) else None for rows in blocks.values()),
            shades[at],
        )
        for at in range(longest)
    )
    return charts.bars("aurc", "AURC, clean and at rising radii", tuple(blocks), groups, axis="AURC (× 1000)")
