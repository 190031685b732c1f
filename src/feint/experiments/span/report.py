"""The report of spans: every image's interval, and how many cross the threshold."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing, columns
from feint.experiments.glossary import chosen
from feint.reports import Column, Figure, Report, Section, Table, Text, charts
from feint.reports.formats import count, percent, radius
from feint.runs.run import Run

from .summary import KINDS

TERMS = ("Confidence", "Span", "Width", "Threshold", "Crossing", "Radius")
COST = {
    "Gradients, queries": "What it cost, per image: gradients, and questions whether the predicted class is kept; at "
    "this radius and the smaller ones, whose points count here too.",
}


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What spans tell a person."""
    most, images = charts.MOST_INTERVALS, summary["images"]
    told = (
        "Every image is one vertical line: from the lowest to the highest confidence that an attacker can give it "
        "without changing its predicted class; the dot is its confidence as it came. Above the dashed threshold an "
        "image is answered, below it is passed on: a line that crosses it can be put on either side."
    )
    told += f" Shown are {most} of {images:,} images, evenly spaced." if images > most else ""
    numbers = "All predictions, then the correct and the wrong ones by themselves. Widths are in percentage points."
    facts = {
        "data": run.about["data"],
        "network": run.about["victim"],
        "images": f"{images:,}",
        "accuracy": f"{percent(2)(summary['accuracy'])} %",
        "attack": f"{run.settings.attack}, to either end",
    }
    notes = (
        "An attack bounds the true interval from inside: a stronger one can only widen it.",
        f"The threshold is {summary['threshold']:.6g}, from {summary['threshold_from']}; it answers "
        f"{percent(1)(summary['answered'])} % of the clean images.",
        "The intervals are those of the draws that the attack saw; fresh draws move both ends.",
    )
    return Report(
        title=f"feint span: {run.about['victim']} on {run.about['data']}",
        headline=headline(summary),
        sections=(
            Section("A confidence is an interval", (Text.of(told), _figure(run, summary))),
            Section("In numbers", (Text.of(numbers), table(summary))),
            *closing(run, facts, notes if run.about["stochastic"] else notes[:2]),
        ),
        glossary=chosen(*TERMS) | COST,
        warnings=tuple(summary["warnings"]),
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


def _figure(run: Run, summary: Mapping[str, Any]) -> Figure:
    names = ("clean", "low", "high", "label", "prediction")
    panels = tuple(
        charts.intervals(
            rows["clean"],
            rows["low"],
            rows["high"],
            rows["label"] == rows["prediction"],
            threshold=summary["threshold"],
            title=f"radius {radius(found['radius'])}: {percent(1)(found['all']['crossing'])} % cross the threshold",
        )
        for found in [summary["spans"][at] for at in charts.some(len(summary["spans"]))]
        for rows in [{name: run.table("records").column(name, radius=found["radius"]) for name in names}]
    )
    alt = f"Intervals of confidence per image. {'; '.join(panel.title for panel in panels)}."
    return Figure("span", "From where to where a confidence can be moved", alt, panels, legend=charts.INTERVALS)


def table(summary: Mapping[str, Any]) -> Table:
    """Three rows a radius."""
    share = percent(1)
    said = {
        "images": Column("images", "count", count),
        "kind": Column("predictions"),
        **{name: Column(head, "mean, %", share) for name, head in (("clean", "clean"), ("low", "lowest"))},
        **{name: Column(head, "mean, %", share) for name, head in (("high", "highest"), ("mean_width", "width"))},
        "median_width": Column("width", "median, %", share),
        "crossing": Column("crossing", "%", share),
    }
    order = "radius kind images clean low high mean_width median_width crossing gradients queries"
    rows = [{**found[kind], "radius": found["radius"], "kind": kind} for found in summary["spans"] for kind in KINDS]
    return Table.of("spans", columns(order, **said), rows, caption="Spans per radius", terminal=True)
