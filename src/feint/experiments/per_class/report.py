"""The report of a run by class."""

from collections.abc import Iterator, Sequence

import numpy as np

from feint.experiments.about import Row, Rows, Summary, many, tabled, told
from feint.reports import Column, Figure, Report, Table, charts, formats
from feint.runs.run import Run

from .summary import titles

SHARE, LINE, PLACES = formats.percent(2), formats.fixed(3), formats.fixed(2)
SHADES = (charts.CLEAN, *charts.ATTACKED, charts.REFERENCE)
GLOSSARY = {
    "accuracy": "The share of a class's images whose mean prediction over the passes is right.",
    "mean softmax": "Of the true class, over passes and images of the class: right predictions count less than 1.",
    "confidence": "1 - 2 sd of the true class's softmax over the passes, averaged over the images of the class: 1 "
    "where all passes agree, be it about the wrong class. Of a victim with a single pass and an uncertainty of its own "
    "(DUQ, SNGP, SelectiveNet): 1 - that, averaged likewise.",
}


def report(run: Run, summary: Summary) -> Report:
    """What a run by class tells a person."""
    victims = summary["victims"]
    sections = {
        "Is it a line?": (figure(victims), lines(victims)),
        "By class": many(classes(victims), "rows"),
    }
    facts = {"passes": f"{summary['passes']}, of which attacks see {summary['attack_passes']}"}
    return told(run, summary, headline(victims), sections, facts=facts, glossary=GLOSSARY)


def _conditions(victims: Rows) -> Iterator[tuple[str, str, Row]]:
    """Every victim's name, under every condition, by its title."""
    for victim in victims:
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True):
            yield victim["name"], title, entry


def headline(victims: Rows) -> str:
    """How well a line says what there is: the clean images' and the worst."""
    found = [
        (entry["r2"], entry["slope"], title, name)
        for name, title, entry in _conditions(victims)
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


def classes(victims: Rows) -> Table:
    """A row for each class."""
    said = {
        "accuracy": Column("accuracy", format=SHARE),
        "mean_softmax": Column("mean softmax", format=SHARE),
        "variance": Column("variance", format=formats.significant(3)),
        "confidence": Column("confidence", format=SHARE),
    }
    found = _conditions(victims)
    rows = [{**each, "victim": name, "condition": title} for name, title, entry in found for each in entry["classes"]]
    return tabled("classes", "victim condition name", said, rows)


def lines(victims: Rows) -> Table:
    """The lines of confidence over mean softmax, by classes."""
    heads = {"pearson": "Pearson", "rank": "Spearman", "r2": "R²", "slope": "slope"}
    heads |= {"height": "height at 0", "bend": "R² of a parabola"}
    said = {name: Column(head, format=LINE) for name, head in heads.items()}
    rows = [
        {**entry, "victim": victim["name"], "condition": title}
        for victim in victims
        for _, title, entry in (*_conditions([victim]), ("", "all together", victim["all"]))
    ]
    return tabled("lines", "victim condition", said, rows)


def figure(victims: Rows) -> Figure:
    """Confidence against accuracy, by class: a panel for each victim, on the same axes, with each condition's line."""
    kinds = list(dict.fromkeys(title for _, title, _ in _conditions(victims)))
    every = [each for _, _, entry in _conditions(victims) for each in entry["classes"]]
    x_domain, domain = (_around([100 * each[name] for each in every]) for name in ("mean_softmax", "confidence"))

    def cloud(title: str, found: Rows) -> charts.Cloud:
        x, y = (np.array([100 * each[name] for each in found]) for name in ("mean_softmax", "confidence"))
        shade = SHADES[kinds.index(title) % len(SHADES)]
        return charts.Cloud(title, x, y, shade, tuple(each["name"] for each in found))

    panels = [
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
    ]
    told = [f"{name}, {title} {LINE(entry['r2'])}" for name, title, entry in _conditions(victims)]
    alt = (
        f"Confidence against mean softmax of the true class, a point for each class; R² of the line: {'; '.join(told)}."
    )
    return Figure.of("per-class", "Confidence against accuracy, by class", alt, panels)


def _around(values: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes, with some room."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
