"""The report of a run on foreign inputs: tables of both directions, reject rates, ROC curves, histograms, pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.experiments.about import columns, many, told
from feint.experiments.glossary import chosen, title
from feint.reports import Block, Column, Report, Table
from feint.reports.formats import count, fixed, radius
from feint.runs.run import Run

from . import figures

GLOSSARY = {
    "Foreign": "Of another domain than the classifier was trained for: whatever it says of them is wrong.",
    "Reject rate": "The share of images whose confidence is not above a threshold: those that nobody is told about.",
    "AUROC": "The chance that a foreign image scores above an in-domain one: 1 tells all apart, 0.5 knows nothing, "
    "below 0.5 takes foreign images for the safer ones.",
    "AUPR": "Average precision: the share of foreign images among those flagged, averaged over the share found.",
    "FPR95": "The share of in-domain images that are flagged at the threshold which finds 95 % of the foreign ones.",
    "Brier": "Squared distance between the predicted probabilities and the truth, the mean over classes: 0 to 2 / C.",
}
HEADS: Mapping[str, Column] = {
    "victim": Column("victim"),
    "data": Column("images"),
    "attack": Column("attack"),
    "radius": Column("radius", format=radius),
    "images": Column("images", format=count),
    "entropy": Column("H", "nats", fixed(2)),
    "reject": Column("R", "at 0.9", fixed(2)),
    "rejected_at_5": Column("R at 5 %", format=fixed(2)),
    **{name: Column(name.upper(), format=fixed(3)) for name in ("auroc", "aupr", "fpr95")},
    "brier": Column("Brier", "mean", fixed(4)),
}


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a run on foreign inputs tells a person."""
    victims, gallery = summary["victims"], run.arrays("gallery")
    own = [row for row in summary["rows"] if row["judge"] == row["victim"]]
    names = [victim["name"] for victim in victims]
    sections = {
        "Foreign images": foreign_table(own),
        "In-domain images": domain_table(own),
        "DUQ in three ways": duq if (duq := duq_table(own)).rows else (),
        "Judged by the others": across_table(summary) if run.settings.across else (),
        "Reject rates": figures.reject_rates(summary),
        "Told apart?": figures.curves(run, summary),
        "Where the confidence went": figures.confidence(run, summary),
        "By every measure": many(measures_table(own), "rows"),
        "What the attack looks like": figures.gallery(gallery, run.about["classes"], names) if gallery else (),
    }
    facts = {
        "foreign": ", ".join(summary["foreign"]),
        "images": ", ".join(map(count, run.about["counts"])),
        "estimators": "; ".join(f"{victim['name']}: {victim['estimator']}" for victim in victims),
        "what flags": ", ".join(dict.fromkeys(title(victim["measure"]) for victim in victims)),
    }
    stochastic = [victim["name"] for victim in victims if victim["stochastic"]]
    notes = (f"Judged with draws that the attack has not seen: {', '.join(stochastic)}.",) if stochastic else ()
    terms = {**GLOSSARY, **chosen("NLL", "Radius")}
    return told(run, summary, headline(summary), sections, facts=facts, notes=notes, glossary=terms)


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence: the victim whose reject rate of foreign images falls most."""
    rows = [row for row in summary["rows"] if row["judge"] == row["victim"]]
    foreign = [row for row in rows if row["foreign"] and row["radius"] is not None]
    clean = {(row["victim"], row["data"]): row for row in rows if row["radius"] is None}
    if foreign:
        worst = min(foreign, key=lambda row: row["reject"][-1] - clean[row["victim"], row["data"]]["reject"][-1])
        before = clean[worst["victim"], worst["data"]]
        return (
            f"{worst['victim']} rejects {before['reject'][-1]:.2f} of the images of {worst['data']} at a confidence of "
            f"0.9, and {worst['reject'][-1]:.2f} of them once {worst['attack']} moves each within "
            f"{radius(worst['radius'])}; AUROC {before['auroc']:.3f}, then {worst['auroc']:.3f}."
        )
    worst = max(
        (row for row in rows if row["radius"] is not None),
        key=lambda row: row["reject"][-1] - clean[row["victim"], row["data"]]["reject"][-1],
    )
    before = clean[worst["victim"], worst["data"]]
    return (
        f"{worst['victim']} rejects {before['reject'][-1]:.2f} of its own images at a confidence of 0.9, and "
        f"{worst['reject'][-1]:.2f} of them once {worst['attack']} moves each within {radius(worst['radius'])}."
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as tables show it."""
    members = ", each member" if row["members"] != "joint" else ""
    return {
        **row,
        "attack": f"{row['attack']}{members}" if row["attack"] else None,
        "radius": "clean" if row["radius"] is None else row["radius"],
        "reject": row["reject"][-1],
    }


def foreign_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Foreign images, clean and attacked."""
    shown = columns("victim data attack radius images entropy reject rejected_at_5 auroc aupr fpr95", **HEADS)
    return Table.of("foreign", shown, [_told(row) for row in rows if row["foreign"]], terminal=True)


def domain_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """In-domain images, clean and attacked."""
    shown = columns("victim attack radius images accuracy nll brier entropy reject rejected_at_5 auroc", **HEADS)
    return Table.of("domain", shown, [_told(row) for row in rows if not row["foreign"]], terminal=True)


def duq_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Reject rates of DUQ in three ways."""
    heads = {name: Column(f"R, {head}", "at 0.9", fixed(2)) for name, head in _WAYS.items()}
    shown = columns(f"victim data attack radius {' '.join(_WAYS)}", **HEADS, **heads)
    ways = [
        {**_told(row), **{name: row["reject" if name == "max_p" else name][-1] for name in _WAYS}}
        for row in rows
        if "reject_kernel" in row
    ]
    return Table.of("duq", shown, ways, terminal=True)


_WAYS = {"reject_kernel": "kernel", "reject_normalised": "normalised", "max_p": "max p"}


def measures_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every measure of every row."""
    heads = {"measure": Column("measure"), "mean": Column("mean", format=fixed(3))}
    shown = columns("victim data attack radius measure mean rejected_at_5 auroc aupr fpr95", **HEADS, **heads)
    found = [
        {**{name: _told(row)[name] for name in ("victim", "data", "attack", "radius")}, "measure": name, **values}
        for row in rows
        for name, values in row["measures"].items()
    ]
    return Table.of("measures", shown, found)


def across_table(summary: Mapping[str, Any]) -> Block:
    """Foreign images attacked through one victim, a column for each judge; and their clean AUROC."""
    names = [victim["name"] for victim in summary["victims"]]
    heads = {f"judge {name}": Column(name, "AUROC", fixed(3)) for name in names}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in summary["rows"]:
        if row["foreign"]:
            attacked = row["radius"] is not None
            key = (row["victim"] if attacked else "none", row["data"], row["attack"], row["radius"])
            shown = _told(row) | {"victim": key[0]}
            place = rows.setdefault(key, {name: shown[name] for name in ("victim", "data", "attack", "radius")})
            place[f"judge {row['judge']}"] = row["auroc"]
    shown = {**columns("victim data attack radius", **{**HEADS, "victim": Column("attacked")}), **heads}
    return Table.of("across", shown, rows.values(), terminal=True)
