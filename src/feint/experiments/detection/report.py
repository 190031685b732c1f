"""A detection run's report."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from feint import metrics
from feint.experiments.about import closing
from feint.reports import (
    Column,
    Figure,
    Format,
    Report,
    Section,
    Table,
    Text,
    charts,
    formats,
)  # fmt: skip
from feint.runs.run import Run

from .records import Noise, Records
from .scores import duel

SHOWN = ("max_probability", "predictive_entropy", "mutual_information")
"""Detectors in the table of a terminal."""
FOREMOST = ("mutual information", "predictive entropy")
"""Drawn last, in this order, over others with which they all but coincide: the two that the paper compares."""
AREA, SHARE, LENGTH = formats.fixed(3), formats.percent(1), formats.fixed(2)
READ: dict[charts.Side, str] = {
    "roc": "For every threshold the share of attacked inputs that are found, against the share of innocent ones "
    "flagged along with them. On the diagonal a detector knows nothing.",
    "pr": "For every threshold the share of truly attacked inputs among those flagged, against the share found.",
}
GLOSSARY = {
    "AUROC": "The chance that an attacked input scores above one that is not: 1 finds all, 0.5 knows nothing, below "
    "0.5 calls attacked inputs the safer ones.",
    "AUPR": "Average precision: the share of attacked inputs among those flagged, averaged over the share found.",
    "FPR95": "The share of innocent inputs that are flagged at the threshold which finds 95 % of the attacked ones.",
    "(S)": "Only attacked inputs whose label changed count as positives: those that the attack was after.",
    "Noise": "Each attacked input comes with a noisy one as far from the original in L2. A detector that flags "
    "whatever was touched is not a detector of attacks.",
    "Adaptive": "An attacker who knows the detector, and keeps its measure low while the label changes.",
    "ACE": "An attacker who changes confidence and no label: what looks for changed labels has nothing to find.",
}


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a detection run tells a person."""
    victims = summary["victims"]
    records = [Records.of(run.table("records"), which) for which in range(len(victims))]
    evaded = {
        f"{victim['name']}: {attack['name']} keeps {attack['evades'].replace('_', ' ')} low ({attack['word']})."
        for victim in run.about["victims"]
        for attack in victim["attacks"]
        if attack["evades"]
    }
    facts = {
        "data": summary["data"],
        "images": formats.count(victims[0]["clean"]["images"]),
        "accuracy": ", ".join(f"{each['name']} {100 * each['clean']['accuracy']:.2f} %" for each in victims),
        "protocol": summary["protocol"],
        "attacks": " ".join(f"--attack {word}" for word in run.settings.attacks),
    }
    return Report(
        title=f"feint detect: {', '.join(victim['name'] for victim in victims)} on {summary['data']}",
        headline=headline(victims),
        sections=(
            Section("In short", (short_table(victims),)),
            *sections(records, victims, run.about["noise"]),
            *closing(run, facts, tuple(sorted(evaded))),
        ),
        glossary=GLOSSARY,
    )


def sections(
    records: Sequence[Records],
    victims: Sequence[Mapping[str, Any]],
    noise: Noise,
    *,
    name: str = "",
    levels: int | None = None,
) -> tuple[Section, ...]:
    """All scores in a table, and the curves.

    Args:
        records: by victim.
        victims: what the summary says of each.
        noise: the kind of noise among the negatives.
        name: what to add to the names of figures and tables, where there are those of several protocols.
        levels: write radii as fractions of so many, where they are.
    """
    dashed, said = (f"-{name}" if name else ""), (f", {name}" if name else "")
    table = Table(
        f"detectors{dashed}", HEADS, _rows(victims, levels), caption="Every measure as a detector of every attack"
    )
    read = (
        "One row per victim, attack and detector. Intervals are 95 %, from resampled images. Below 0.5 an AUROC says "
        "that the detector finds attacked inputs less suspicious than clean and noisy ones."
    )
    found = [Section(f"In numbers{said}", (Text.of(read), table))]
    for side, told in READ.items():
        panels = list(_panels(records, victims, noise, side, levels))
        figure = charts.detection(side, panels, name=f"detection-{side}{dashed}", foremost=FOREMOST)
        titled = Figure(figure.name, figure.title + said, figure.alt, figure.panels, figure.caption, figure.legend)
        found.append(Section(titled.title, (Text.of(told), titled)))
    return tuple(found)


def headline(victims: Sequence[Mapping[str, Any]]) -> str:
    """The finding in one sentence: the best detector of what is easiest and of what is hardest to see."""
    found: list[tuple[float, str, str, str]] = []
    for victim in victims:
        for entry in victim["attacks"]:
            scores = entry["successful"]
            if entry["changed"] < 0.01 or not scores:
                continue
            best = max(scores, key=lambda name: scores[name]["auroc"][1])
            found.append((scores[best]["auroc"][1], best.replace("_", " "), entry["attack"], victim["name"]))
    if not found:
        return "No attack changed a label in a hundred."
    worst, best = min(found), max(found)
    said = [
        f"{name} reaches an AUROC of {score:.2f} on {attack} against {who}"
        for score, name, attack, who in (best, worst)
    ]
    return f"Of inputs whose label changed: at best {said[0]}; where it is hardest, the best detector, {said[1]}."


def short_table(victims: Sequence[Mapping[str, Any]]) -> Table:
    """What a terminal shows: AUROC of all attacked inputs, and (S)."""
    columns = [Column(head) for head in ("victim", "attack")]
    columns.append(Column("radius", format=formats.radius))
    columns += [Column(head, format=SHARE) for head in ("changed", "accuracy")]
    columns.append(Column("L2", format=LENGTH))
    columns += [Column(head, format=AREA) for name in SHOWN for head in (name.replace("_", " "), "(S)")]
    rows: list[tuple[Any, ...]] = []
    for victim in victims:
        clean = victim["clean"]
        rows.append((victim["name"], "none", None, clean["changed"], clean["accuracy"], *[None] * (1 + 2 * len(SHOWN))))
        for entry in victim["attacks"]:
            scores = [_value(entry[kind], name, "auroc") for name in SHOWN for kind in ("all", "successful")]
            numbers = (entry[name] for name in ("radius", "changed", "accuracy", "l2"))
            rows.append((victim["name"], entry["attack"], *numbers, *scores))
    caption = "AUROC of each measure as a detector; (S): of attacked inputs whose label changed"
    return Table("auroc", tuple(columns), tuple(rows), caption=caption, terminal=True)


HEADS = (
    Column("victim"),
    Column("attack"),
    Column("radius", "of [0, 1]"),
    Column("changed", "% of labels", SHARE),
    Column("accuracy", format=SHARE),
    Column("L2", "mean", LENGTH),
    Column("detector"),
    Column("AUROC", "95 %"),
    Column("AUROC (S)", "95 %"),
    *(Column(head, format=AREA) for head in ("AUPR", "AUPR (S)", "FPR95", "FPR95 (S)")),
)


def _rows(victims: Sequence[Mapping[str, Any]], levels: int | None) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        (
            victim["name"],
            entry["attack"],
            _radius(entry["radius"], levels),
            entry["changed"],
            entry["accuracy"],
            entry["l2"],
            measure.replace("_", " "),
            *(area(entry[kind] and entry[kind][measure]["auroc"]) for kind in ("all", "successful")),
            *(_value(entry[kind], measure, name) for name in ("aupr", "fpr95") for kind in ("all", "successful")),
        )
        for victim in victims
        for entry in victim["attacks"]
        for measure in entry["all"] or ()
    )


def _value(scores: Mapping[str, Any] | None, measure: str, name: str) -> float | None:
    return None if scores is None or measure not in scores else scores[measure][name][1]


def area(scores: Sequence[float] | None, format: Format = AREA) -> str | None:
    """An area with its interval."""
    return None if scores is None else format.interval(*scores)


def _radius(radius: float, levels: int | None) -> str:
    """5/255, where levels are asked for and the radius is a whole number of them; 0.0196 otherwise."""
    if levels is not None and math.isclose(levels * radius, round(levels * radius), abs_tol=1e-6):
        return f"{round(levels * radius)}/{levels}"
    return f"{radius:.3g}"


def _panels(
    records: Sequence[Records],
    victims: Sequence[Mapping[str, Any]],
    noise: Noise,
    side: charts.Side,
    levels: int | None,
) -> list[tuple[str, list[charts.Detector]]]:
    panels: list[tuple[str, list[charts.Detector]]] = []
    for rows, victim in zip(records, victims, strict=True):
        for entry in victim["attacks"]:
            changed = entry["successful"] is not None
            curves: list[charts.Detector] = []
            for measure in entry["all"] or ():
                found = duel(rows, entry["attack"], entry["radius"], measure, noise, changed=changed)
                if found is None:
                    continue
                name = measure.replace("_", " ")
                if side == "roc":
                    roc = metrics.roc(found.scores, found.positives)
                    x, y = roc.false_positive_rate.numpy(), roc.true_positive_rate.numpy()
                    curves.append(charts.Detector(name, x, y, metrics.auroc(found.scores, found.positives)))
                else:
                    pr = metrics.precision_recall(found.scores, found.positives)
                    x, y = pr.recall.numpy(), pr.precision.numpy()
                    curves.append(charts.Detector(name, x, y, metrics.aupr(found.scores, found.positives)))
            attack, subject = f"{entry['attack']} {_radius(entry['radius'], levels)}", "(S)" if changed else "all"
            panels.append((f"{victim['name']}: {attack}, {subject}", curves))
    return panels
