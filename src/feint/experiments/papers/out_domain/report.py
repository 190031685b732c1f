"""The report of a table of the paper on attacking out-domain uncertainty."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.experiments.about import closing, columns, many
from feint.experiments.glossary import chosen
from feint.experiments.out_domain.report import GLOSSARY, HEADS
from feint.reports import Column, Details, Figure, Notes, Report, Section, Table, Text, charts
from feint.reports.formats import count, fixed, percent, radius, significant
from feint.runs.run import Run

from .beside import whole
from .work import JOINT

READ = (
    "Foreign images, as they come and moved to be accepted. H is the mean entropy in nats, R the share rejected at a "
    "confidence of 0.9; in domain: R of the untouched in-domain images, without which a high R says nothing. R at 5 % "
    "is at the threshold that rejects 5 % of these. Beside H and R what the paper prints."
)
DOMAIN = "In-domain images, as they come and moved to be rejected. AUROC is against the untouched foreign images."
DUQ = "How confident DUQ is, said in three ways: see feint ood."
VICTIMS = "Accuracy is on all test images."


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a table tells a person."""
    rows = summary["rows"]
    duq = duq_table(rows)
    printed = Table.of("paper", columns("row radius entropy reject", **SAID), whole(summary["experiment"]))
    notes = (f"Differences: {summary['differences']}.", *summary["release"])
    return Report(
        title=f"feint reproduce {summary['experiment']}",
        headline=headline(rows),
        sections=(
            Section("The table", (Text.of(READ), many(foreign_table(rows), "rows"), Notes(notes, terminal=True))),
            Section("The other direction", (Text.of(DOMAIN), domain_table(rows))),
            *([Section("DUQ in three ways", (Text.of(DUQ), duq))] if duq.rows else []),
            Section("The victims", (Text.of(VICTIMS), victims_table(summary["victims"]))),
            Section("Reject rates by radius", (_figure(rows),)),
            Section("The paper's table", (Details("as it is printed", (printed,)),)),
            *closing(run, {"data": run.about["data"], "foreign": ", ".join(run.about["foreign"])}),
        ),
        glossary={**GLOSSARY, **chosen("NLL", "Radius")},
        warnings=tuple(summary["warnings"]),
    )


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
    told = ", ".join(f"{name} {clean[name]:.2f} to {moved[name]:.2f}" for name in moved)
    return f"Foreign images rejected at a confidence of 0.9, before and after ten steps within {radius(last)}: {told}."


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    paper = row["paper"] or {"entropy": None, "reject": None}
    told = {"attack": row["attack"] or None, "radius": "clean" if row["radius"] is None else row["radius"]}
    return {**row, **told, "paper_entropy": paper["entropy"], "paper_reject": paper["reject"]}


def foreign_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Foreign images of every estimator, with the paper's figures beside."""
    order = (
        "victim attack radius entropy paper_entropy reject paper_reject domain_reject rejected_at_5 auroc aupr fpr95"
    )
    told = [_told(row) for row in rows if row["direction"] == "accept"]
    return Table.of("rows", columns(order, **SAID), told, terminal=True)


def domain_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """In-domain images of every estimator."""
    order = "victim radius accuracy nll brier entropy reject rejected_at_5 auroc"
    told = [_told(row) for row in rows if row["direction"] == "reject"]
    return Table.of("domain", columns(order, **SAID), told, terminal=True)


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
        "seconds": Column("seconds", "an epoch", fixed(1)),
        "accuracy": Column("accuracy", format=percent(2)),
    }
    told = [
        {**each, "seconds": _mean(each["seconds_an_epoch"]) if each["seconds_an_epoch"] else None} for each in victims
    ]
    order = "title members epochs mean_field accuracy seconds"
    return Table.of("victims", columns(order, **{**SAID, **heads}), told, terminal=True)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Reject rates of foreign images, clean and after ten steps, a bar for each radius."""
    ours = [row for row in rows if row["direction"] == "accept" and row["attack"] in ("", JOINT.called)]
    names = list(dict.fromkeys(row["victim"] for row in ours))
    radii = list(dict.fromkeys(row["radius"] for row in ours))
    rates = {(row["victim"], row["radius"]): 100 * row["reject"] for row in ours}
    shades = charts.by_radius(radii)
    groups = tuple(
        charts.Bars(charts.stage(at), tuple(rates[name, at] for name in names), shade)
        for at, shade in zip(radii, shades, strict=True)
    )
    return charts.bars("reject", "Foreign images rejected, ten steps", names, groups, axis="rejected (%)")
