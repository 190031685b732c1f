"""The report of a run by class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from feint.experiments.about import closing, columns, many
from feint.reports import Column, Figure, Mark, Report, Section, Table, Text, charts, formats
from feint.runs.run import Run

from .summary import titles

SHARE, LINE, PLACES = formats.percent(2), formats.fixed(3), formats.fixed(2)
SHADES = (charts.CLEAN, *charts.ATTACKED, charts.REFERENCE)
GLOSSARY = {
    "accuracy": "The share of a class's images whose mean prediction over the passes is right.",
    "mean softmax": "Of the true class, over passes and images of the class: right predictions count less than 1.",
    "confidence": "1 - 2 sd of the true class's softmax over the passes, averaged over the images of the class: 1 "
    "where all passes agree, be it about the wrong class.",
}
READ = (
    "The least-squares line of confidence over mean softmax; each class is a point. Where a parabola reaches a much "
    "higher R², the relation is no line."
)
Victim = Mapping[str, Any]


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
            Section("Is it a line?", (Text.of(READ), figure(victims), lines(victims))),
            Section("By class", (many(classes(victims), "rows"),)),
            *closing(run, facts),
        ),
        glossary=GLOSSARY,
        warnings=tuple(summary["warnings"]),
    )


def _conditions(victims: Sequence[Victim]) -> Iterator[tuple[Victim, str, Mapping[str, Any]]]:
    """Every victim, under every condition, by its title."""
    for victim in victims:
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True):
            yield victim, title, entry


def headline(victims: Sequence[Victim]) -> str:
    """How well a line says what there is: the clean images' and the worst."""
    found = [
        (entry["r2"], entry["slope"], title, victim["name"])
        for victim, title, entry in _conditions(victims)
        if entry["r2"] is not None
    ]
    if not found:
        return "Too few classes, or all alike: there is no line of confidence over mean softmax."
    best, worst = (
        f"R² {PLACES(r2)}, slope {PLACES(slope)} ({title}, {name})"
        for r2, slope, title, name in (max(found), min(found))
    )
    second = f", worst with {worst}" if len(found) > 1 else ""
    return f"Confidence over mean softmax, by class: a line fits best with {best}{second}."


def classes(victims: Sequence[Victim]) -> Table:
    """A row for each class."""
    said = {
        "condition": Column("images"),
        "name": Column("class"),
        "accuracy": Column("accuracy", format=SHARE),
        "mean_softmax": Column("mean softmax", format=SHARE),
        "variance": Column("variance", format=formats.significant(3)),
        "confidence": Column("confidence", format=SHARE),
    }
    rows = [
        {**each, "victim": victim["name"], "condition": title}
        for victim, title, entry in _conditions(victims)
        for each in entry["classes"]
    ]
    return Table.of("classes", columns(f"victim {' '.join(said)}", **said), rows, terminal=True)


def lines(victims: Sequence[Victim]) -> Table:
    """The lines of confidence over mean softmax, by classes."""
    heads = {"pearson": "Pearson", "rank": "Spearman", "r2": "R²", "slope": "slope"}
    heads |= {"height": "height at 0", "bend": "R² of a parabola"}
    said = {"condition": Column("images"), **{name: Column(head, format=LINE) for name, head in heads.items()}}
    rows = [
        {**entry, "victim": victim["name"], "condition": title}
        for victim in victims
        for title, entry in (
            *((title, entry) for _, title, entry in _conditions([victim])),
            ("all together", victim["all"]),
        )
    ]
    return Table.of("lines", columns(f"victim {' '.join(said)}", **said), rows, terminal=True)


def figure(victims: Sequence[Victim]) -> Figure:
    """Confidence against accuracy, by class: a panel for each victim, on the same axes, with each condition's line."""
    kinds = list(dict.fromkeys(title for _, title, _ in _conditions(victims)))
    shades = {kind: SHADES[at % len(SHADES)] for at, kind in enumerate(kinds)}
    every = [each for _, _, entry in _conditions(victims) for each in entry["classes"]]
    x_domain, domain = (_around([100 * each[name] for each in every]) for name in ("mean_softmax", "confidence"))

    def cloud(title: str, found: Sequence[Mapping[str, Any]]) -> charts.Cloud:
        x, y = (np.array([100 * each[name] for each in found]) for name in ("mean_softmax", "confidence"))
        return charts.Cloud(title, x, y, shades[title], tuple(each["name"] for each in found))

    panels = tuple(
        charts.scatter(
            [cloud(title, entry["classes"]) for _, title, entry in _conditions([victim])],
            x_title="mean softmax of the true class (%)",
            y_title="confidence (%)",
            x_domain=x_domain,
            domain=domain,
            fit=True,
            title=victim["name"],
        )
        for victim in victims
    )
    told = [f"{victim['name']}, {title} {LINE(entry['r2'])}" for victim, title, entry in _conditions(victims)]
    alt = "Confidence against mean softmax of the true class, a point for each class; R² of the line: "
    legend = tuple(Mark(kind, shades[kind], "point") for kind in kinds)
    return Figure("per-class", "Confidence against accuracy, by class", f"{alt}{'; '.join(told)}.", panels, "", legend)


def _around(values: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes, with some room."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
