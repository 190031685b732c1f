"""The report of a run by class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feint.experiments.about import closing
from feint.reports import Column, Figure, Report, Section, Table, Text, charts, formats
from feint.runs.run import Run

from .summary import titles

SHARE, LINE = formats.percent(2), formats.fixed(3)
SHADES = (charts.CLEAN, *charts.ATTACKED, charts.REFERENCE)
GLOSSARY = {
    "accuracy": "The share of a class's images whose mean prediction over the passes is right.",
    "mean softmax": "Of the true class, over passes and images of the class: right predictions count less than 1.",
    "confidence": "1 - 2 sd of the true class's softmax over the passes, averaged over the images of the class: 1 "
    "where all passes agree, be it about the wrong class.",
}


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a run by class tells a person."""
    victims, settings = summary["victims"], run.settings
    facts = {
        "data": summary["data"],
        "images": formats.count(summary["images"]),
        "passes": f"{summary['passes']}, of which attacks see {summary['attack_passes']}",
        "attacks": " ".join(f"--attack {word}" for word in settings.attacks),
    }
    return Report(
        title=f"feint per-class: {', '.join(victim['name'] for victim in victims)} on {summary['data']}",
        headline=headline(victims),
        sections=(
            Section("By class", (classes(victims),)),
            Section("Is it a line?", (Text.of(READ), lines(victims), figure(victims))),
            *closing(run, facts),
        ),
        glossary=GLOSSARY,
    )


READ = (
    "The least-squares line of confidence over mean softmax; each class is a point. Where a parabola reaches a much "
    "higher R^2, the relation is no line."
)


def headline(victims: Sequence[Mapping[str, Any]]) -> str:
    """How well a line says what there is: the clean images' and the worst."""
    found = [
        (entry["r2"], entry["slope"], title, victim["name"])
        for victim in victims
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True)
        if entry["r2"] is not None
    ]
    if not found:
        return "Too few classes, or all alike: there is no line of confidence over mean softmax."
    best, worst = max(found), min(found)
    said = [f"R² {r2:.2f}, slope {slope:.2f} ({title}, {name})" for r2, slope, title, name in (best, worst)]
    return f"Confidence over mean softmax, by class: a line fits best with {said[0]}" + (
        f", worst with {said[1]}." if len(found) > 1 else "."
    )


def classes(victims: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each class."""
    columns = (
        *(Column(head) for head in ("victim", "images", "class")),
        Column("accuracy", format=SHARE),
        Column("mean softmax", format=SHARE),
        Column("variance", format=formats.significant(3)),
        Column("confidence", format=SHARE),
    )
    names = ("accuracy", "mean_softmax", "variance", "confidence")
    rows = tuple(
        (victim["name"], title, each["name"], *(each[name] for name in names))
        for victim in victims
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True)
        for each in entry["classes"]
    )
    return Table("classes", columns, rows, terminal=True)


def lines(victims: Sequence[Mapping[str, Any]]) -> Table:
    """The lines of confidence over mean softmax, by classes."""
    heads = ("Pearson", "Spearman", "R^2", "slope", "height at 0", "R^2 of a parabola")
    names = ("pearson", "rank", "r2", "slope", "height", "bend")
    columns = (*(Column(head) for head in ("victim", "images")), *(Column(head, format=LINE) for head in heads))
    rows = tuple(
        (victim["name"], title, *(entry[name] for name in names))
        for victim in victims
        for title, entry in zip(
            (*titles(victim["conditions"]), "all together"), (*victim["conditions"], victim["all"]), strict=True
        )
    )
    return Table("lines", columns, rows, terminal=True)


def figure(victims: Sequence[Mapping[str, Any]]) -> Figure:
    """Confidence against accuracy, by class: a panel for each victim, on the same axes, with each condition's line."""
    kinds = list(dict.fromkeys(title for victim in victims for title in titles(victim["conditions"])))
    shades = {kind: SHADES[at % len(SHADES)] for at, kind in enumerate(kinds)}
    every = [each for victim in victims for entry in victim["conditions"] for each in entry["classes"]]
    x_domain, domain = (_around([100 * each[name] for each in every]) for name in ("mean_softmax", "confidence"))
    clouds = [
        [
            charts.Cloud(
                title,
                np.array([100 * each["mean_softmax"] for each in entry["classes"]]),
                np.array([100 * each["confidence"] for each in entry["classes"]]),
                shades[title],
                tuple(each["name"] for each in entry["classes"]),
            )
            for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True)
        ]
        for victim in victims
    ]
    panels = tuple(
        charts.scatter(
            some,
            x_title="mean softmax of the true class (%)",
            y_title="confidence (%)",
            x_domain=x_domain,
            domain=domain,
            fit=True,
            title=victim["name"],
        )
        for some, victim in zip(clouds, victims, strict=True)
    )
    marks = {cloud.name: cloud.mark for some in clouds for cloud in some}
    alt = "Confidence against mean softmax of the true class, a point for each class; R² of the line: " + "; ".join(
        f"{victim['name']}, {title} {LINE(entry['r2'])}"
        for victim in victims
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True)
    )
    return Figure(
        "per-class",
        "Confidence against accuracy, by class",
        f"{alt}.",
        panels,
        legend=tuple(marks[kind] for kind in kinds),
    )


def _around(values: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes, with some room."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
