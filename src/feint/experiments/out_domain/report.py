"""The report of a run on foreign inputs: tables of both directions, reject rates, ROC curves, histograms, pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.experiments.about import closing, columns, many
from feint.experiments.glossary import chosen, title
from feint.reports import Block, Column, Report, Section, Table, Text
from feint.reports.formats import count, fixed, radius
from feint.runs.run import Run

from . import figures

READ = (
    "H is the mean entropy of the prediction, in nats. R is the reject rate: the share of images whose confidence is "
    "at most 90 %. R at 5 % is the share rejected at the threshold that rejects 5 % of the clean in-domain images, "
    "which is what a deployed classifier has. AUROC, AUPR and FPR95 tell foreign images from in-domain ones."
)
FOREIGN = "Foreign images, as they come and moved to be accepted. Good: high H and R, also under the attack."
DOMAIN = (
    "In-domain images, as they come and moved to be rejected, which takes the classifier out of service for them. "
    "Good: low H and R, also under the attack. AUROC is against the untouched foreign images."
)
DUQ = (
    "How confident DUQ is can be said in three ways: by its largest kernel, by its largest kernel over the sum of all, "
    "and by the softmax of the logarithms of its kernels, which is the same but where all kernels round to 0."
)
RATES = "The share of foreign images that are rejected, by the confidence that is asked for. Good: to the upper left."
CURVES = "For every threshold the share of foreign images that are flagged, against the share of in-domain ones."
SPREAD = "How confident the classifier is in images of its domain, in foreign ones, and in these under the attack."
GALLERY = (
    "The foreign images whose confidence rose most. Left the image, right the same after the attack, between them what "
    "was added, magnified as stated around mid-grey."
)
ACROSS = (
    "What was found for one classifier, judged by all: AUROC by each judge's own measure. Below 0.5 they prefer it."
)
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
    victims = summary["victims"]
    own = [row for row in summary["rows"] if row["judge"] == row["victim"]]
    facts = {
        "data": summary["data"],
        "foreign": ", ".join(summary["foreign"]),
        "images": ", ".join(map(count, run.about["images"])),
        "estimators": "; ".join(f"{victim['name']}: {victim['estimator']}" for victim in victims),
        "attacks": " ".join(f"--attack {word}" for word in run.settings.attacks),
        "what flags": ", ".join(dict.fromkeys(title(victim["measure"]) for victim in victims)),
    }
    shown = [
        Section("Foreign images", (Text.of(READ, FOREIGN), foreign_table(own))),
        Section("In-domain images", (Text.of(DOMAIN), domain_table(own))),
        *([Section("DUQ in three ways", (Text.of(DUQ), duq))] if (duq := duq_table(own)).rows else []),
        *([Section("Judged by the others", (Text.of(ACROSS), across_table(summary)))] if run.settings.across else []),
        Section("Reject rates", (Text.of(RATES), figures.reject_rates(summary))),
        Section("Told apart?", (Text.of(CURVES), figures.curves(run, summary))),
        Section("Where the confidence went", (Text.of(SPREAD), figures.confidence(run, summary))),
        Section(
            "By every measure", (Text.of("Each measure as the one that flags."), many(measures_table(own), "rows"))
        ),
    ]
    gallery = run.arrays("gallery")
    if gallery:
        pictures = figures.gallery(gallery, run.about["classes"], [victim["name"] for victim in victims])
        shown.append(Section("What the attack looks like", (Text.of(GALLERY), pictures)))
    stochastic = [victim["name"] for victim in victims if victim["stochastic"]]
    notes = (f"Judged with draws that the attack has not seen: {', '.join(stochastic)}.",) if stochastic else ()
    return Report(
        title=f"feint ood: {', '.join(victim['name'] for victim in victims)}, {summary['data']}",
        headline=headline(summary),
        sections=(*shown, *closing(run, facts, notes)),
        glossary={**GLOSSARY, **chosen("NLL", "Radius")},
        warnings=tuple(summary["warnings"]),
    )


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
    told = [
        {**_told(row), **{name: row["reject" if name == "max_p" else name][-1] for name in _WAYS}}
        for row in rows
        if "reject_kernel" in row
    ]
    return Table.of("duq", shown, told, terminal=True)


_WAYS = {"reject_kernel": "kernel", "reject_normalised": "normalised", "max_p": "max p"}


def measures_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every measure of every row."""
    heads = {"measure": Column("measure"), "mean": Column("mean", format=fixed(3))}
    shown = columns("victim data attack radius measure mean rejected_at_5 auroc aupr fpr95", **HEADS, **heads)
    told = [
        {**{name: _told(row)[name] for name in ("victim", "data", "attack", "radius")}, "measure": name, **found}
        for row in rows
        for name, found in row["measures"].items()
    ]
    return Table.of("measures", shown, told)


def across_table(summary: Mapping[str, Any]) -> Block:
    """Foreign images attacked through one victim, a column for each judge; and their clean AUROC."""
    names = [victim["name"] for victim in summary["victims"]]
    heads = {f"judge {name}": Column(name, "AUROC", fixed(3)) for name in names}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in summary["rows"]:
        if row["foreign"]:
            attacked = row["radius"] is not None
            key = (row["victim"] if attacked else "none", row["data"], row["attack"], row["radius"])
            told = _told(row) | {"victim": key[0]}
            place = rows.setdefault(key, {name: told[name] for name in ("victim", "data", "attack", "radius")})
            place[f"judge {row['judge']}"] = row["auroc"]
    shown = {**columns("victim data attack radius", **{**HEADS, "victim": Column("attacked")}), **heads}
    return Table.of("across", shown, rows.values(), terminal=True)
