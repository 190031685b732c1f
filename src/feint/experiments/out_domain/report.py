"""The report of a run on foreign inputs: tables of both directions, reject rates, ROC curves, histograms, pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from feint.experiments.about import Row, Rows, Summary, columns, many, told, worded
from feint.experiments.glossary import OUT_OF_DOMAIN, title
from feint.reports import Column, Report, Table
from feint.reports.formats import count, fixed, percent, radius
from feint.runs.run import Run

from . import figures

HEADS: Mapping[str, Column] = {
    "data": Column("data"),
    "entropy": Column("H", "nats", fixed(2)),
    "reject": Column("R", "at 0.9", fixed(2)),
    "rejected_at_5": Column("R at 5 %", format=fixed(2)),
    **{name: Column(name.upper(), format=fixed(3)) for name in ("auroc", "aupr", "fpr95")},
    "brier": Column("Brier", "mean", fixed(4)),
}
FOREIGN = "victim data attack radius images entropy reject rejected_at_5 auroc aupr fpr95"
DOMAIN = "victim attack radius images accuracy nll brier entropy reject rejected_at_5 auroc"


def report(run: Run, summary: Summary) -> Report:
    """What a run on foreign inputs tells a person."""
    victims, gallery = summary["victims"], run.arrays("gallery")
    own = [row for row in summary["rows"] if row["judge"] == row["victim"]]
    names = [victim["name"] for victim in victims]
    sections = {
        "Foreign images": table("foreign", FOREIGN, (row for row in own if row["foreign"])),
        "In-domain images": table("domain", DOMAIN, (row for row in own if not row["foreign"])),
        "DUQ in three ways": duq if (duq := _ways(own)).rows else (),
        "Judged by the others": _across(summary) if run.settings.across else (),
        "Reject rates": figures.reject_rates(summary),
        "Told apart?": figures.curves(run, summary),
        "Where the confidence went": figures.confidence(run, summary),
        "By every measure": many(_measures(own), "rows"),
        "What the attack looks like": figures.gallery(gallery, run.about["classes"], names) if gallery else (),
    }
    facts = {
        "foreign": ", ".join(summary["foreign"]),
        "images": ", ".join(map(count, run.about["counts"])),
        "estimators": "; ".join(f"{victim['name']}: {worded(victim['estimator'])}" for victim in victims),
        "what flags": ", ".join(dict.fromkeys(title(victim["measure"]) for victim in victims)),
    }
    stochastic = [victim["name"] for victim in victims if victim["stochastic"]]
    notes = (f"Judged with draws that the attack has not seen: {', '.join(stochastic)}.",) if stochastic else ()
    return told(run, summary, headline(summary), sections, facts=facts, notes=notes, glossary=OUT_OF_DOMAIN)


def headline(summary: Summary) -> str:
    """The finding in one sentence: the victim whose reject rate changes most, of foreign images if there are any."""
    rows = [row for row in summary["rows"] if row["judge"] == row["victim"]]
    clean = {(row["victim"], row["data"]): row for row in rows if row["radius"] is None}
    moved = [row for row in rows if row["radius"] is not None]
    foreign = [row for row in moved if row["foreign"]]

    def rise(row: Row) -> float:
        return row["reject"][-1] - clean[row["victim"], row["data"]]["reject"][-1]

    worst = min(foreign, key=rise) if foreign else max(moved, key=rise)
    before = clean[worst["victim"], worst["data"]]
    whose = f"the images of {worst['data']}" if foreign else "its own images"
    areas = f"; AUROC {before['auroc']:.3f}, then {worst['auroc']:.3f}" if foreign else ""
    return (
        f"{worst['victim']} rejects {percent(1)(before['reject'][-1])} % of {whose} at a confidence of 90 %, and "
        f"{percent(1)(worst['reject'][-1])} % of them once {worst['attack']} moves each within "
        f"{radius(worst['radius'])}{areas}."
    )


def table(name: str, order: str, rows: Iterable[Row], **heads: Column) -> Table:
    """Columns in an order, of rows whose attack, radius and reject rate are written as tables show them."""
    return Table.of(name, columns(order, **{**HEADS, **heads}), map(_told, rows), terminal=True)


def _told(row: Row) -> Row:
    members = ", each member" if row["members"] != "joint" else ""
    return {
        **row,
        "attack": f"{row['attack']}{members}" if row["attack"] else None,
        "radius": "clean" if row["radius"] is None else row["radius"],
        "reject": row["reject"][-1],
    }


def _ways(rows: Rows) -> Table:
    """Reject rates of DUQ in three ways."""
    said = {"reject_kernel": "kernel", "reject_normalised": "normalised", "max_p": "max p"}
    heads = {name: Column(f"R, {head}", "at 0.9", fixed(2)) for name, head in said.items()}
    found = [row for row in rows if "reject_kernel" in row]
    last = [{name: row[name][-1] for name in ("reject_kernel", "reject_normalised")} for row in found]
    ways = [{**row, **each, "max_p": row["reject"][-1]} for row, each in zip(found, last, strict=True)]
    return table("duq", f"victim data attack radius {' '.join(said)}", ways, **heads)


def _measures(rows: Rows) -> Table:
    """Every measure of every row."""
    found = [{**row, "measure": title(name), **values} for row in rows for name, values in row["measures"].items()]
    order = "victim data attack radius measure mean rejected_at_5 auroc aupr fpr95"
    return replace(table("measures", order, found, mean=Column("mean", format=fixed(3))), terminal=False)


def _across(summary: Summary) -> Table:
    """Foreign images attacked through one victim, a column for each judge; and their clean AUROC."""
    judges = {f"judge {victim['name']}": victim["name"] for victim in summary["victims"]}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in summary["rows"]:
        if row["foreign"]:
            attacked = row["victim"] if row["radius"] is not None else "none"
            place = rows.setdefault((attacked, row["data"], row["attack"], row["radius"]), {**row, "victim": attacked})
            place[f"judge {row['judge']}"] = row["auroc"]
    heads = {key: Column(name, "AUROC", fixed(3)) for key, name in judges.items()}
    shown = {**columns("victim data attack radius", **{**HEADS, "victim": Column("attacked")}), **heads}
    return Table.of("across", shown, map(_told, rows.values()), terminal=True)
