"""The report of a run by class."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from feint.experiments.about import Row, Rows, Summary, many, tabled, told
from feint.experiments.glossary import CLASSES
from feint.reports import Column, Figure, Report, Table, charts, formats
from feint.runs.run import Run

from .summary import titles

SHARE, LINE, PLACES = formats.percent(2), formats.fixed(3), formats.fixed(2)
SHADES = (charts.CLEAN, *charts.ATTACKED, charts.REFERENCE)


def report(run: Run, summary: Summary) -> Report:
    """What a run by class tells a person."""
    victims = summary["victims"]
    sections = {"Is it a line?": (figure(victims), lines(victims)), "By class": many(classes(victims), "rows")}
    facts = {"passes": f"{summary['passes']}, of which attacks see {summary['attack_passes']}"}
    return told(run, summary, headline(victims), sections, facts=facts, glossary=CLASSES)


def _conditions(victims: Rows) -> Iterator[tuple[str, str, Row]]:
    """Every victim's name, under every condition, by its title."""
    for victim in victims:
        for title, entry in zip(titles(victim["conditions"]), victim["conditions"], strict=True):
            yield victim["name"], title, entry


def headline(victims: Rows) -> str:
    """How well a line says what there is: the clean images' and the worst."""
    known = [each for each in _conditions(victims) if each[2]["r2"] is not None]
    found = [(entry["r2"], entry["slope"], title, name) for name, title, entry in known]
    if not found:
        return "Too few classes, or all alike: there is no line of confidence over mean softmax."
    ends = (max(found), min(found))
    best, worst = (f"R² {PLACES(r2)}, slope {PLACES(slope)} ({title}, {name})" for r2, slope, title, name in ends)
    second = f", worst with {worst}" if len(found) > 1 else ""
    return f"Confidence over mean softmax, by class: a line fits best with {best}{second}."


def classes(victims: Rows) -> Table:
    """A row for each class."""
    shares = ("accuracy", "mean_softmax", "variance", "confidence")
    said = {name: Column(name.replace("_", " "), format=SHARE) for name in shares}
    said["variance"] = Column("variance", format=formats.measured(3))
    found = _conditions(victims)
    rows = [{**each, "victim": name, "condition": title} for name, title, entry in found for each in entry["classes"]]
    return tabled("classes", "victim condition name", said, rows)


def lines(victims: Rows) -> Table:
    """The lines of confidence over mean softmax, by classes."""
    heads = {"pearson": "Pearson", "rank": "Spearman", "r2": "R²", "slope": "slope"}
    heads |= {"height": "height at 0", "bend": "R² of a parabola"}
    said = {name: Column(head, format=LINE) for name, head in heads.items()}
    rows: list[Row] = []
    for victim in victims:
        found = (*_conditions([victim]), (victim["name"], "all together", victim["all"]))
        rows += [{**entry, "victim": name, "condition": title} for name, title, entry in found]
    return tabled("lines", "victim condition", said, rows)


def figure(victims: Rows) -> Figure:
    """Confidence over mean softmax, by class: a panel for each victim, on the same axes, with each condition's line."""
    kinds, clouds = list(dict.fromkeys(title for _, title, _ in _conditions(victims))), list[list[charts.Cloud]]()
    for victim in victims:
        clouds.append([])
        for _, title, entry in _conditions([victim]):
            x, y = (np.array([100 * row[name] for row in entry["classes"]]) for name in ("mean_softmax", "confidence"))
            shade, names = SHADES[kinds.index(title) % len(SHADES)], tuple(row["name"] for row in entry["classes"])
            clouds[-1].append(charts.Cloud(title, x, y, shade, names))
    every = [each for found in clouds for each in found]
    look: dict[str, Any] = {"x_title": "mean softmax of the true class (%)", "y_title": "confidence (%)", "fit": True}
    for name, ends in (("x_domain", [each.x for each in every]), ("domain", [each.y for each in every])):
        values = np.concatenate(ends)
        low, high = float(values.min()), float(values.max())
        room = 0.05 * (high - low) or 1.0
        look[name] = (low - room, high + room)
    panels = [charts.scatter(each, **look, title=victim["name"]) for each, victim in zip(clouds, victims, strict=True)]
    told = "; ".join(f"{name}, {title} {LINE(entry['r2'])}" for name, title, entry in _conditions(victims))
    alt = f"Confidence over mean softmax of the true class, a point for each class; R² of the line: {told}."
    return Figure.of("per-class", "Confidence over mean softmax, by class", alt, panels)
