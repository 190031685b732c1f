"""A detection run's report."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from feint import metrics
from feint.experiments.about import Row, Rows, Summary, tabled, told
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Format, Report, Table, charts, formats
from feint.runs.run import Run

from .records import Noise, Records
from .scores import duel

SHOWN = ("max_probability", "predictive_entropy", "mutual_information")
"""Detectors in the table of a terminal."""
FOREMOST = ("mutual information", "predictive entropy")
"""Drawn last, in this order, over others with which they all but coincide: the two that the paper compares."""
AREA, SHARE = formats.fixed(3), formats.percent(1)
CURVES: dict[charts.Side, str] = {"roc": "ROC curves", "pr": "Precision-recall curves"}
GLOSSARY = chosen("AUROC", "AUPR", "FPR95", "(S)", "Noise", "Adaptive", "ACE")
KINDS = {"": "all", " (S)": "successful"}
"""Which attacked inputs are to be found, by what a column adds to its head for them."""
ORDER = "victim attack radius changed accuracy l2"


def report(run: Run, summary: Summary) -> Report:
    """What a detection run tells a person."""
    victims = summary["victims"]
    records = [Records.of(run.table("records"), which) for which in range(len(victims))]
    evaded = {
        f"{victim['name']}: {attack['name']} keeps {attack['evades'].replace('_', ' ')} low ({attack['word']})."
        for victim in run.about["victims"]
        for attack in victim["attacks"]
        if attack["evades"]
    }
    found = {"In short": short_table(victims), **sections(records, victims, run.about["noise"])}
    facts = {
        "images": formats.count(victims[0]["clean"]["images"]),
        "accuracy": ", ".join(f"{each['name']} {100 * each['clean']['accuracy']:.2f} %" for each in victims),
        "protocol": summary["protocol"],
    }
    notes = tuple(sorted(evaded))
    return told(run, summary, headline(victims), found, facts=facts, notes=notes, glossary=GLOSSARY)


def sections(
    records: Sequence[Records], victims: Rows, noise: Noise, *, name: str = "", levels: int | None = None
) -> dict[str, Block]:
    """All scores in a table, and the curves, each under its head.

    Args:
        records: by victim.
        victims: what the summary says of each.
        noise: the kind of noise among the negatives.
        name: what to add to the names of figures and tables, where there are those of several protocols.
        levels: write radii as fractions of so many, where they are.
    """
    dashed, said = (f"-{name}" if name else ""), (f", {name}" if name else "")
    areas = {"auroc": ("AUROC", "95 %", None), "aupr": ("AUPR", "", AREA), "fpr95": ("FPR95", "", AREA)}
    heads = {name + end: Column(head + end, unit, form) for name, (head, unit, form) in areas.items() for end in KINDS}
    shown = {"radius": Column("radius", "of [0, 1]"), "accuracy": Column("accuracy", format=SHARE), **heads}
    rows, caption = _rows(victims, levels), "Every measure as a detector of every attack"
    table = tabled(f"detectors{dashed}", f"{ORDER} detector", shown, rows, caption, terminal=False)
    found: dict[str, Block] = {f"In numbers{said}": table}
    for side, title in CURVES.items():
        panels = list(_panels(records, victims, noise, side, levels))
        named = {"name": f"detection-{side}{dashed}", "title": title + said}
        found[title + said] = charts.detection(side, panels, **named, foremost=FOREMOST)
    return found


def headline(victims: Rows) -> str:
    """The finding in one sentence: the best detector of what is easiest and of what is hardest to see."""
    found: list[tuple[float, str, str, str]] = []
    for victim in victims:
        for entry in victim["attacks"]:
            scores = entry["successful"]
            if entry["changed"] >= 0.01 and scores:
                best = max(scores, key=lambda name: scores[name]["auroc"][1])
                found.append((scores[best]["auroc"][1], best.replace("_", " "), entry["attack"], victim["name"]))
    if not found:
        return "No attack changed a label in a hundred."
    worst, best = (
        f"{name} reaches an AUROC of {score:.2f} on {attack} against {who}"
        for score, name, attack, who in (min(found), max(found))
    )
    return f"Of inputs whose label changed: at best {best}; where it is hardest, the best detector, {worst}."


def short_table(victims: Rows) -> Table:
    """What a terminal shows: AUROC of all attacked inputs, and (S)."""
    names = [(measure, end) for measure in SHOWN for end in KINDS]
    said = {"changed": Column("changed", format=SHARE), "accuracy": Column("accuracy", format=SHARE)}
    said |= {name + end: Column(end.strip() or name.replace("_", " "), format=AREA) for name, end in names}
    rows: list[dict[str, Any]] = []
    for victim in victims:
        rows.append({**victim["clean"], "victim": victim["name"], "attack": "none", "l2": None})
        for entry in victim["attacks"]:
            scores = {name + end: _value(entry[KINDS[end]], name, "auroc") for name, end in names}
            rows.append({**entry, **scores, "victim": victim["name"]})
    caption = "AUROC of each measure as a detector; (S): of attacked inputs whose label changed"
    return tabled("auroc", ORDER, {**said, "l2": Column("L2", format=formats.fixed(2))}, rows, caption)


def _rows(victims: Rows, levels: int | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for victim in victims:
        for entry in victim["attacks"]:
            for measure in entry["all"] or ():
                named = {"victim": victim["name"], "detector": measure.replace("_", " ")}
                rows.append({**entry, **named, "radius": _radius(entry["radius"], levels)})
                for end, kind in KINDS.items():
                    rows[-1] |= {f"{name}{end}": _value(entry[kind], measure, name) for name in ("aupr", "fpr95")}
                    rows[-1][f"auroc{end}"] = area(entry[kind] and entry[kind][measure]["auroc"])
    return rows


def _value(scores: Row | None, measure: str, name: str) -> float | None:
    return None if scores is None or measure not in scores else scores[measure][name][1]


def area(scores: Sequence[float] | None, format: Format = AREA) -> str | None:
    """An area with its interval."""
    return None if scores is None else format.interval(*scores)


def _radius(radius: float, levels: int | None) -> str:
    """5/255, where levels are asked for and the radius is a whole number of them; 0.0196 otherwise."""
    if levels is not None and math.isclose(levels * radius, round(levels * radius), abs_tol=1e-6):
        return f"{round(levels * radius)}/{levels}"
    return formats.radius(radius)


def _panels(
    records: Sequence[Records], victims: Rows, noise: Noise, side: charts.Side, levels: int | None
) -> list[tuple[str, list[charts.Detector]]]:
    panels: list[tuple[str, list[charts.Detector]]] = []
    for rows, victim in zip(records, victims, strict=True):
        for entry in victim["attacks"]:
            changed = entry["successful"] is not None
            curves: list[charts.Detector] = []
            for measure in entry["all"] or ():
                found = duel(rows, entry["attack"], entry["radius"], measure, noise, changed=changed)
                if found is not None:
                    curves.append(_curve(side, measure.replace("_", " "), found.scores, found.positives))
            attack, subject = f"{entry['attack']} {_radius(entry['radius'], levels)}", "(S)" if changed else "all"
            panels.append((f"{victim['name']}: {attack}, {subject}", curves))
    return panels


def _curve(side: charts.Side, name: str, scores: Tensor, positives: Tensor) -> charts.Detector:
    if side == "roc":
        roc = metrics.roc(scores, positives)
        x, y, below = roc.false_positive_rate, roc.true_positive_rate, metrics.auroc(scores, positives)
    else:
        pr = metrics.precision_recall(scores, positives)
        x, y, below = pr.recall, pr.precision, metrics.aupr(scores, positives)
    return charts.Detector(name, x.numpy(), y.numpy(), below)
