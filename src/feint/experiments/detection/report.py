"""A detection run's report."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from feint import catalog, metrics
from feint.experiments.about import Row, Rows, Summary, tabled, told
from feint.experiments.glossary import chosen, title
from feint.reports import Block, Column, Figure, Format, Report, Table, charts, formats
from feint.runs.run import Run

from .records import Noise, Records
from .scores import Duel, duel

SHOWN = ("max_probability", "predictive_entropy", "mutual_information")
"""Detectors in the table of a terminal."""
FOREMOST = ("mutual information", "entropy")
"""Drawn last, in this order, over others with which they all but coincide: the two that the paper compares."""
COLOURS = {title(name): shade for name, shade in zip(catalog.MEASURES, charts.SERIES, strict=False)}
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
        f"{victim['name']}: {attack['name']} keeps {title(attack['evades'])} low."
        for victim in run.about["victims"]
        for attack in victim["attacks"]
        if attack["evades"]
    }
    found = {"In short": short_table(victims), **sections(records, victims, run.about["noise"])}
    facts = {
        "accuracy": ", ".join(f"{each['name']} {100 * each['clean']['accuracy']:.2f} %" for each in victims),
        "protocol": summary["protocol"],
    }
    return told(run, summary, headline(victims), found, facts=facts, notes=tuple(sorted(evaded)), glossary=GLOSSARY)


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
    duels = list(_duels(records, victims, noise, levels))

    def curves(side: charts.Side, head: str) -> Figure:
        panels = [(attack, [_curve(side, each, duel) for each, duel in found.items()]) for attack, found in duels]
        return charts.detection(
            side, panels, name=f"detection-{side}{dashed}", title=head, foremost=FOREMOST, colours=COLOURS
        )

    return {f"In numbers{said}": table, **{head + said: curves(side, head + said) for side, head in CURVES.items()}}


def _entries(victims: Rows) -> Iterator[tuple[str, Row]]:
    """Every attack on every victim, by the victim's name."""
    return ((victim["name"], entry) for victim in victims for entry in victim["attacks"])


def headline(victims: Rows) -> str:
    """The finding in one sentence: the best detector of what is easiest and of what is hardest to see."""
    found: list[tuple[float, str, str, str]] = []
    for who, entry in _entries(victims):
        if entry["changed"] >= 0.01 and entry["successful"]:
            best, scores = max(entry["successful"].items(), key=lambda each: each[1]["auroc"][1])
            found.append((scores["auroc"][1], title(best), entry["attack"], who))
    if not found:
        return "No attack changed a label in a hundred."
    worst, best = (
        (name, f"reaches an AUROC of {AREA(score)} on {attack} against {who}")
        for score, name, attack, who in (min(found), max(found))
    )
    hardest = f"; where it is hardest, the best detector, {worst[0]}, {worst[1]}" if worst != best else ""
    return f"Of inputs whose label changed: at best {' '.join(best)}{hardest}."


def short_table(victims: Rows) -> Table:
    """What a terminal shows: AUROC of all attacked inputs, and (S)."""
    names = [(measure, end) for measure in SHOWN for end in KINDS]
    said = {"changed": Column("changed", format=SHARE), "accuracy": Column("accuracy", format=SHARE)}
    said |= {name + end: Column(end.strip() or title(name), format=AREA) for name, end in names}
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
    for victim, entry in _entries(victims):
        for measure in entry["all"] or ():
            named = {"victim": victim, "detector": title(measure)}
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


def _duels(
    records: Sequence[Records], victims: Rows, noise: Noise, levels: int | None
) -> Iterator[tuple[str, dict[str, Duel]]]:
    """By attack on a victim, what each detector says: of what changed a label if anything did, of all otherwise."""
    for rows, victim in zip(records, victims, strict=True):
        for entry in victim["attacks"]:
            changed, key = entry["successful"] is not None, (entry["attack"], entry["radius"])
            found = {each: duel(rows, *key, each, noise, changed=changed) for each in entry["all"] or ()}
            attack, subject = f"{entry['attack']} {_radius(entry['radius'], levels)}", "(S)" if changed else "all"
            shown = {name: each for name, each in found.items() if each is not None}
            yield f"{victim['name']}: {attack}, {subject}", shown


def _curve(side: charts.Side, measure: str, found: Duel) -> charts.Detector:
    scores, positives, name = found.scores, found.positives, title(measure)
    if side == "roc":
        roc, area = metrics.roc(scores, positives), metrics.auroc(scores, positives)
        return charts.Detector(name, roc.false_positive_rate.numpy(), roc.true_positive_rate.numpy(), area)
    pr = metrics.precision_recall(scores, positives)
    return charts.Detector(name, pr.recall.numpy(), pr.precision.numpy(), metrics.aupr(scores, positives))
