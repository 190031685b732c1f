"""The report of a table of the paper on ACE."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing
from feint.experiments.glossary import chosen
from feint.reports import Column, Figure, Report, Section, Table, Text, charts
from feint.reports.formats import fixed, percent, radius, times1000
from feint.runs.run import Run

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
