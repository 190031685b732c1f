"""The report of spans: every image's interval, and how many cross the threshold."""

from typing import Any

from feint.experiments.about import Summary, tabled, told
from feint.experiments.glossary import SPANS, chosen
from feint.reports import Column, Figure, Panel, Report, Table, charts
from feint.reports.formats import count, percent, radius
from feint.runs.run import Run

from .summary import KINDS

TERMS = ("Confidence", "Span", "Width", "Threshold", "Crossing", "Radius")


def report(run: Run, summary: Summary) -> Report:
    """What spans tell a person."""
    share = percent(1)
    notes = (
        "An attack bounds the true interval from inside: a stronger one can only widen it.",
        f"The threshold is {share(summary['threshold'])} %, from {summary['threshold_from']}; it answers "
        f"{share(summary['answered'])} % of the clean images.",
        "The intervals are those of the draws that the attack saw; fresh draws move both ends.",
    )
    sections = {"A confidence is an interval": _figure(run, summary), "In numbers": table(summary)}
    facts = {"accuracy": f"{percent(2)(summary['accuracy'])} %"}
    notes, terms = notes if run.about["stochastic"] else notes[:2], {**chosen(*TERMS), **SPANS}
    return told(run, summary, headline(summary), sections, facts=facts, notes=notes, glossary=terms)


def headline(summary: Summary) -> str:
    """The finding in one sentence, at the largest radius."""
    found, share = summary["spans"][-1], percent(1)
    kinds = [(kind, found[kind]["crossing"]) for kind in ("correct", "wrong") if found[kind]["images"]]
    split = " and ".join(f"{share(part)} % of the {kind} predictions" for kind, part in kinds)
    return (
        f"Within {radius(found['radius'])} of the full range, and without changing a predicted label, an attacker "
        f"can put {share(found['all']['crossing'])} % of the images on either side of a threshold of "
        f"{share(summary['threshold'])} % confidence: {split}."
    )


def _figure(run: Run, summary: Summary) -> Figure:
    names, panels = ("clean", "low", "high", "label", "prediction"), list[Panel]()
    for found in [summary["spans"][at] for at in charts.some(len(summary["spans"]))]:
        rows = run.table("records").read(names, radius=found["radius"])
        clean, low, high, label, prediction = (rows.column(name).to_numpy() for name in names)
        title = f"radius {radius(found['radius'])}: {percent(1)(found['all']['crossing'])} % cross the threshold"
        look: dict[str, Any] = {"threshold": summary["threshold"], "title": title}
        panels.append(charts.intervals(clean, low, high, label == prediction, **look))
    alt = f"Intervals of confidence per image. {'; '.join(panel.title for panel in panels)}."
    most, images = charts.MOST_INTERVALS, summary["images"]
    some = f"Shown are {most} of {images:,} images, evenly spaced." if images > most else ""
    return Figure.of("span", "From where to where a confidence can be moved", alt, panels, some)


def table(summary: Summary) -> Table:
    """Three rows a radius."""
    share, means = percent(1), {"clean": "clean", "low": "lowest", "high": "highest", "mean_width": "width"}
    said = {
        "kind": Column("predictions"),
        "images": Column("images", "count", count),
        **{name: Column(head, "mean, %", share) for name, head in means.items()},
        "median_width": Column("width", "median, %", share),
        "crossing": Column("crossing", "%", share),
    }
    rows = [{**found[kind], "radius": found["radius"], "kind": kind} for found in summary["spans"] for kind in KINDS]
    return tabled("spans", f"radius {' '.join(said)} gradients queries", said, rows, "Spans per radius")
