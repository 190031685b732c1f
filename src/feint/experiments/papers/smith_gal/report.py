"""The report of Smith & Gal's table: the paper's figures beside ours, and the curves under both protocols."""

from collections.abc import Mapping

from feint.experiments.about import Rows, Summary, tabled, told
from feint.experiments.detection.records import Records
from feint.experiments.detection.report import GLOSSARY, area, headline, sections
from feint.experiments.detection.settings import Protocol
from feint.experiments.glossary import title
from feint.reports import Block, Column, Notes, Report, Table, formats
from feint.runs.run import Run

from .paper import GREY_LEVEL, NOISE

SAID: dict[Protocol, str] = {"corrected": "victims", "as-released": "victims_as_released"}
"""Where the summary has each protocol's scores."""


def report(run: Run, summary: Summary) -> Report:
    """What the experiment tells a person."""
    records = [Records.of(run.table("records"), which) for which in range(len(run.about["victims"]))]
    accuracy = f"accuracy {formats.percent(2)(summary['accuracy'])} % on {summary['accuracy_images']} test images"
    notes = Notes((accuracy, f"Differences: {summary['differences']}."), terminal=True)
    found: dict[str, Block | tuple[Block, ...]] = {"The table": (table(summary["rows"]), notes)}
    for protocol, noise in NOISE.items():
        found |= sections(records, summary[SAID[protocol]], noise, name=protocol, levels=GREY_LEVEL)
    found["Means"] = means(summary["means"])
    facts = {"features": str(run.settings.features), "passes": formats.count(run.settings.passes)}
    head = f"feint reproduce smith-gal-table-1: {summary['data']}"
    return told(run, summary, headline(summary["victims"]), found, title=head, facts=facts, glossary=GLOSSARY)


def table(rows: Rows) -> Table:
    """One row per detector, attack and radius."""
    heads = [Column("detector"), Column("attack"), Column("radius", f"of {GREY_LEVEL}", formats.count)]
    heads.append(Column("paper", format=formats.fixed(2)))
    cells = [[row[name] for name in ("detector", "attack", "radius", "paper")] for row in rows]
    for protocol in NOISE:
        heads += [Column("changed", format=formats.percent(0)), Column(protocol.replace("-", " ")), Column("(S)")]
        for line, row in zip(cells, rows, strict=True):
            areas = (area(row[name], formats.fixed(2)) for name in (protocol, f"{protocol} (S)"))
            line += [row[f"{protocol}, changed"], *areas]
    caption = "AUROC with 95 % intervals, beside the paper's; (S): of attacked inputs whose label changed"
    return Table("table-1", tuple(heads), tuple(map(tuple, cells)), caption=caption, terminal=True)


def means(found: Mapping[str, Rows]) -> Table:
    """Mean distance, entropy and mutual information by kind of input."""
    nats = formats.measured(3)
    said = {name: Column(title(name), "nats", nats) for name in ("predictive_entropy", "mutual_information")}
    rows = [
        {**each, "victim": victim, "attack": each["attack"] or None, "radius": each["radius"] or None}
        for victim, entries in found.items()
        for each in entries
    ]
    return tabled("means", "victim kind attack radius l2", said, rows, terminal=False)
