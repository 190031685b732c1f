"""The report of a table of the paper on ACE."""

from itertools import zip_longest

from feint.experiments.about import Row, Summary, columns, tabled, told
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Figure, Notes, Report, Table, charts
from feint.reports.formats import fixed, percent, radius, times1000
from feint.runs.run import Run

from .beside import beside, labelled

SELECTION = "Share of the images that the selector answers, and of those answers that is wrong"


def report(run: Run, summary: Summary) -> Report:
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


def _blocks(summary: Summary) -> dict[tuple[str, str], list[Row]]:
    """The rows of each victim and setting, the clean one first."""
    blocks: dict[tuple[str, str], list[Row]] = {}
    for row in summary["rows"]:
        blocks.setdefault((row["victim"], row["setting"]), []).append(row)
    return blocks


def table(summary: Summary) -> Table:
    """A row per victim, setting and radius; of victims that draw, judged by fresh draws."""
    said = {
        "aurc_std": Column("±", "× 1000", times1000(2)),
        **{f"risk_at_{share / 100}": Column(f"risk at {share} %", format=fixed(3)) for share in (25, 95)},
        "own_draws_aurc": Column("AURC, attack's draws", format=times1000(2)),
    }
    order = "victim setting radius aurc aurc_std nll brier accuracy kept effective_radius"
    shown = columns(f"{order} risk_at_0.25 risk_at_0.95 gradients queries own_draws_aurc", **said)
    if not any("own_draws_aurc" in row for row in summary["rows"]):
        del shown["aurc_std"], shown["own_draws_aurc"]
    return Table.of("rows", shown, labelled(summary), terminal=True)


def selection(summary: Summary) -> tuple[Block, ...]:
    """What becomes of the selector's answers: at its own threshold, and at the calibrated ones."""
    said = {
        **{name: Column(name, "% at g = 0.5", percent(2)) for name in ("coverage", "risk")},
        "selective_risk": Column("risk", "% at the clean coverage", percent(2)),
        **{f"calibrated_{name}": Column(name, "% calibrated", percent(2)) for name in ("coverage", "risk")},
    }
    shown = tabled("selection", "victim setting radius", said, labelled(summary), SELECTION)
    told = dict.fromkeys(
        f"{each['victim']}: calibrated to a coverage of {percent(1)(each['wanted'])} % on each half of the clean "
        f"images, which judges the other: they answer {' and '.join(map(percent(1), each['calibrated_coverages']))} %"
        for each in summary["calibrated"]
        if each["calibrated_coverages"] is not None
    )
    return (shown, Notes(tuple(told), terminal=True)) if told else (shown,)


def _figure(summary: Summary) -> Figure:
    blocks = {f"{victim}, {setting}": rows for (victim, setting), rows in _blocks(summary).items()}
    longest = max(map(len, blocks.values()))
    shades = charts.by_radius([None, *map(float, range(1, longest))])
    heads = ("clean", *(f"radius {at} of {longest - 1}" for at in range(1, longest)))
    areas = zip_longest(*([row["aurc"] for row in rows] for rows in blocks.values()))
    title, groups = "AURC, clean and at rising radii", list(zip(heads, areas, strict=True))
    return charts.bars("aurc", title, tuple(blocks), groups, shades, axis="AURC (× 1000)", times=1000)
