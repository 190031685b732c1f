"""The report of spans: every input's interval, and how many cross the threshold."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing
from feint.reports import Column, Figure, Report, Section, Table, Text, charts
from feint.reports.formats import count, fixed, percent, radius
from feint.runs.run import Run
from feint.runs.work import Array

from .summary import KINDS

GLOSSARY = {
    "Confidence": "The probability that the classifier gives its own prediction.",
    "Span": "From the lowest to the highest confidence that the attack reached within the radius while the predicted "
    "class stayed as it was.",
    "Width": "Highest less lowest confidence, in percentage points: 0 for a confidence that nobody can move.",
    "Threshold": "The classifier answers where its confidence is at least this, and passes the rest on.",
    "Crossing": "The share of images that an attacker can put on either side of the threshold, as they please.",
    "Radius": "The most that any pixel value may change, where values run from 0 to 1. One grey level of 255 "
    "is 3.9e-3.",
    "Gradients, queries": "What it cost, per image: gradients, and questions whether the predicted class is kept; at "
    "this radius and the smaller ones, whose points count here too.",
}


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What spans tell a person."""
    told = Text.of(
        "Every image is one vertical line: from the lowest to the highest confidence that an attacker can give it "
        "without changing its predicted class; the dot is its confidence as it came. Above the dashed threshold an "
        "image is answered, below it is passed on: a line that crosses it can be put on either side."
        + _thinned(summary)
    )
    numbers = Text.of(
        "All predictions, then the correct and the wrong ones by themselves. Widths are in percentage points."
    )
    facts = {
        "data": run.about["data"],
        "network": run.about["victim"],
        "images": f"{summary['images']:,}",
        "accuracy": f"{percent(2)(summary['accuracy'])} %",
        "attack": f"{run.settings.attack}, to either end",
    }
    return Report(
        title=f"feint span: {run.about['victim']} on {run.about['data']}",
        headline=headline(summary),
        sections=(
            Section("A confidence is an interval", (told, _figure(run, summary))),
            Section("In numbers", (numbers, table(summary))),
            *closing(run, facts, _notes(run, summary)),
        ),
        glossary=GLOSSARY,
    )


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence, at the largest radius."""
    found, share = summary["spans"][-1], percent(1)
    kinds = [(kind, found[kind]["crossing"]) for kind in ("correct", "wrong") if found[kind]["images"]]
    split = " and ".join(f"{share(part)} % of the {kind} predictions" for kind, part in kinds)
    return (
        f"Within {radius(found['radius'])} of the full range, and without changing a predicted label, an attacker "
        f"can put {share(found['all']['crossing'])} % of the images on either side of a threshold of "
        f"{share(summary['threshold'])} % confidence: {split}."
    )


def _thinned(summary: Mapping[str, Any]) -> str:
    most = charts.MOST_INTERVALS
    return f" Shown are {most} of {summary['images']:,} images, evenly spaced." if summary["images"] > most else ""


def _notes(run: Run, summary: Mapping[str, Any]) -> tuple[str, ...]:
    told = (
        "An attack bounds the true interval from inside: a stronger one can only widen it.",
        f"The threshold is {summary['threshold']:.6g}, from {summary['threshold_from']}; it answers "
        f"{percent(1)(summary['answered'])} % of the clean images.",
    )
    drawn = ("The intervals are those of the draws that the attack saw; fresh draws move both ends.",)
    return (*told, *drawn) if run.about["stochastic"] else told


def _figure(run: Run, summary: Mapping[str, Any]) -> Figure:
    panels = [
        charts.intervals(
            rows["clean"],
            rows["low"],
            rows["high"],
            rows["label"] == rows["prediction"],
            threshold=summary["threshold"],
            title=f"radius {radius(found['radius'])}: {percent(1)(found['all']['crossing'])} % cross the threshold",
        )
        for found in [summary["spans"][at] for at in charts.some(len(summary["spans"]))]
        for rows in [_columns(run, found["radius"])]
    ]
    titles = "; ".join(panel.title for panel in panels)
    return Figure(
        "span",
        "From where to where a confidence can be moved",
        f"Intervals of confidence per image. {titles}.",
        tuple(panels),
        legend=charts.INTERVALS,
    )


def _columns(run: Run, at: float) -> dict[str, Array]:
    rows = run.table("records").read(radius=at)
    return {name: rows.column(name).to_numpy() for name in rows.column_names}


def table(summary: Mapping[str, Any]) -> Table:
    """Three rows a radius."""
    share, each = percent(1), fixed(1)
    columns = {
        "images": Column("images", "count", count),
        "clean": Column("clean", "mean, %", share),
        "low": Column("lowest", "mean, %", share),
        "high": Column("highest", "mean, %", share),
        "mean_width": Column("width", "mean, %", share),
        "median_width": Column("width", "median, %", share),
        "crossing": Column("crossing", "%", share),
        "gradients": Column("gradients", "per image", each),
        "queries": Column("queries", "per image", each),
    }
    rows = tuple(
        (found["radius"], kind, *(found[kind][name] for name in columns))
        for found in summary["spans"]
        for kind in KINDS
    )
    heads = (Column("radius", format=radius), Column("predictions"), *columns.values())
    return Table("spans", heads, rows, caption="Spans per radius", terminal=True)
