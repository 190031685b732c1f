"""The report of a table of the paper on attacking out-domain uncertainty."""

from collections.abc import Iterable, Mapping

from feint.experiments.about import Row, Rows, Summary, columns, told
from feint.experiments.glossary import OUT_OF_DOMAIN
from feint.experiments.out_domain.report import HEADS
from feint.reports import Column, Details, Figure, Notes, Report, Table, charts
from feint.reports.formats import count, fixed, measured, percent, radius
from feint.runs.run import Run

from .beside import whole
from .work import JOINT


def report(run: Run, summary: Summary) -> Report:
    """What a table tells a person."""
    rows = summary["rows"]
    accepted, rejected = ([_told(row) for row in rows if row["direction"] == way] for way in ("accept", "reject"))
    duq = [_told(row) for row in rows if row["reject_kernel"] is not None]
    printed = Table.of("paper", columns("row radius entropy reject", **SAID), whole(summary["experiment"]))
    known = (f"Differences: {summary['differences']}.", *summary["release"])
    sections = {
        "The table": (_table("rows", FOREIGN, accepted), Notes(known, terminal=True)),
        "The other direction": _table("domain", DOMAIN, rejected),
        "DUQ in three ways": _table("duq", DUQ, duq, reject=Column("R", "max p", fixed(2))) if duq else (),
        "The victims": _table("victims", "title members epochs mean_field accuracy", summary["victims"], **VICTIM),
        "Reject rates by radius": _figure(rows),
        "The paper's table": Details("as it is printed", (printed,)),
    }
    facts = {"foreign": ", ".join(run.about["foreign"])}
    title = f"feint reproduce {summary['experiment']}"
    return told(run, summary, headline(rows), sections, title=title, facts=facts, glossary=OUT_OF_DOMAIN)


SAID: Mapping[str, Column] = {
    **HEADS,
    "row": Column("estimator"),
    "reject": Column("R", format=fixed(2)),
    "paper_entropy": Column("H", "paper", fixed(2)),
    "paper_reject": Column("R", "paper", fixed(2)),
    "domain_reject": Column("R", "in domain", fixed(2)),
    "auroc_clean": Column("AUROC", "clean", fixed(3)),
    "reject_kernel": Column("R", "kernel", fixed(2)),
    "reject_normalised": Column("R", "normalised", fixed(2)),
    "mean_field": Column("factor", format=measured(3)),
}
VICTIM = {"title": Column("victim"), **{name: Column(name, format=count) for name in ("members", "epochs")}}
FOREIGN = "victim attack radius entropy paper_entropy reject paper_reject domain_reject rejected_at_5 auroc aupr fpr95"
DOMAIN = "victim radius accuracy nll brier entropy reject rejected_at_5 auroc"
DUQ = "victim data attack radius reject_kernel reject_normalised reject"


def headline(rows: Rows) -> str:
    """The finding in one sentence: reject rates of foreign images before, and after ten steps at the largest radius."""
    ours = [row for row in rows if row["direction"] == "accept"]
    last = max(row["radius"] for row in ours if row["radius"] is not None)
    clean = {row["victim"]: row["reject"] for row in ours if row["radius"] is None}
    moved = {row["victim"]: row["reject"] for row in ours if row["radius"] == last and row["attack"] == JOINT.called}
    fell = ", ".join(f"{name} {percent(1)(clean[name])} to {percent(1)(moved[name])} %" for name in moved)
    return f"Foreign images rejected at a confidence of 90 %, before and after ten steps within {radius(last)}: {fell}."


def _told(row: Row) -> Row:
    paper = row["paper"] or {"entropy": None, "reject": None}
    shown = {"attack": row["attack"] or None, "radius": "clean" if row["radius"] is None else row["radius"]}
    return {**row, **shown, "paper_entropy": paper["entropy"], "paper_reject": paper["reject"]}


def _table(name: str, order: str, rows: Iterable[Row], **heads: Column) -> Table:
    return Table.of(name, columns(order, **{**SAID, **heads}), rows, terminal=True)


def _figure(rows: Rows) -> Figure:
    """Reject rates of foreign images, clean and after ten steps, a bar for each radius."""
    ours = [row for row in rows if row["direction"] == "accept" and row["attack"] in ("", JOINT.called)]
    names = list(dict.fromkeys(row["victim"] for row in ours))
    radii = list(dict.fromkeys(row["radius"] for row in ours))
    rates = {(row["victim"], row["radius"]): row["reject"] for row in ours}
    groups = [(charts.stage(at), [rates[name, at] for name in names]) for at in radii]
    title, shades = "Foreign images rejected, ten steps", charts.by_radius(radii)
    return charts.bars("reject", title, names, groups, shades, axis="rejected (%)", times=100)
