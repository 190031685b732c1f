"""The report of a table of the paper on attacking out-domain uncertainty."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.experiments.about import columns, many, told
from feint.experiments.glossary import chosen
from feint.experiments.out_domain.report import GLOSSARY, HEADS
from feint.reports import Column, Details, Figure, Notes, Report, Table, charts
from feint.reports.formats import count, fixed, percent, radius, significant
from feint.runs.run import Run

from .beside import whole
from .work import JOINT


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a table tells a person."""
    rows = summary["rows"]
    printed = Table.of("paper", columns("row radius entropy reject", **SAID), whole(summary["experiment"]))
    known = (f"Differences: {summary['differences']}.", *summary["release"])
    sections = {
        "The table": (many(foreign_table(rows), "rows"), Notes(known, terminal=True)),
        "The other direction": domain_table(rows),
        "DUQ in three ways": duq if (duq := duq_table(rows)).rows else (),
        "The victims": victims_table(summary["victims"]),
        "Reject rates by radius": _figure(rows),
        "The paper's table": Details("as it is printed", (printed,)),
    }
    facts = {"foreign": ", ".join(run.about["foreign"])}
    title, terms = f"feint reproduce {summary['experiment']}", {**GLOSSARY, **chosen("NLL", "Radius")}
    return told(run, summary, headline(rows), sections, title=title, facts=facts, glossary=terms)


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
    "mean_field": Column("factor", format=significant(3)),
}


def headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """The finding in one sentence: reject rates of foreign images before, and after ten steps at the largest radius."""
    ours = [row for row in rows if row["direction"] == "accept"]
    last = max(row["radius"] for row in ours if row["radius"] is not None)
    clean = {row["victim"]: row["reject"] for row in ours if row["radius"] is None}
    moved = {row["victim"]: row["reject"] for row in ours if row["radius"] == last and row["attack"] == JOINT.called}
    fell = ", ".join(f"{name} {clean[name]:.2f} to {moved[name]:.2f}" for name in moved)
    return f"Foreign images rejected at a confidence of 0.9, before and after ten steps within {radius(last)}: {fell}."


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    paper = row["paper"] or {"entropy": None, "reject": None}
    shown = {"attack": row["attack"] or None, "radius": "clean" if row["radius"] is None else row["radius"]}
    return {**row, **shown, "paper_entropy": paper["entropy"], "paper_reject": paper["reject"]}


def foreign_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Foreign images of every estimator, with the paper's figures beside."""
    order = (
        "victim attack radius entropy paper_entropy reject paper_reject domain_reject rejected_at_5 auroc aupr fpr95"
    )
    found = [_told(row) for row in rows if row["direction"] == "accept"]
    return Table.of("rows", columns(order, **SAID), found, terminal=True)


def domain_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """In-domain images of every estimator."""
    order = "victim radius accuracy nll brier entropy reject rejected_at_5 auroc"
    found = [_told(row) for row in rows if row["direction"] == "reject"]
    return Table.of("domain", columns(order, **SAID), found, terminal=True)


def duq_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """DUQ in three ways."""
    order = "victim data attack radius reject_kernel reject_normalised reject"
    shown = columns(order, **{**SAID, "reject": Column("R", "max p", fixed(2))})
    return Table.of("duq", shown, [_told(row) for row in rows if row["reject_kernel"] is not None], terminal=True)


def victims_table(victims: Sequence[Mapping[str, Any]]) -> Table:
    """Who was trained, and how well."""
    heads = {
        "title": Column("victim"),
        "members": Column("members", format=count),
        "epochs": Column("epochs", format=count),
        "accuracy": Column("accuracy", format=percent(2)),
    }
    order = "title members epochs mean_field accuracy"
    return Table.of("victims", columns(order, **{**SAID, **heads}), victims, terminal=True)


def _figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Reject rates of foreign images, clean and after ten steps, a bar for each radius."""
    ours = [row for row in rows if row["direction"] == "accept" and row["attack"] in ("", JOINT.called)]
    names = list(dict.fromkeys(row["victim"] for row in ours))
    radii = list(dict.fromkeys(row["radius"] for row in ours))
    rates = {(row["victim"], row["radius"]): row["reject"] for row in ours}
    groups = [(charts.stage(at), [rates[name, at] for name in names]) for at in radii]
    title, shades = "Foreign images rejected, ten steps", charts.by_radius(radii)
    return charts.bars("reject", title, names, groups, shades, axis="rejected (%)", times=100)
