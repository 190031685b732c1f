"""An audit's figures: its curves, histograms, bars and pictures, from records and summary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from feint import metrics
from feint.experiments.pictures import before_and_after, label, named
from feint.reports import Figure, Picture, Pictures, charts
from feint.reports.formats import percent, radius
from feint.runs.work import Array

Sure = tuple[float | None, Float[Tensor, " N"], Bool[Tensor, " N"]]
"""A radius (None: clean), the confidence of every prediction, and whether it is right."""


def confidence(stages: Sequence[Sure]) -> Figure:
    """Histograms of confidence, of right and of wrong predictions."""
    return charts.confidence([charts.Confidences(at, sure.numpy(), right.numpy()) for at, sure, right in stages])


def reliability(stages: Sequence[Sure], rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Reliability diagrams; their errors are the summary's."""
    found: list[charts.Calibration] = []
    for (at, sure, right), row in zip(stages, rows, strict=True):
        bins = metrics.reliability(sure, right)
        edges = np.append(bins.lower.numpy(), bins.upper[-1].item())
        values = (bins.count.numpy(), bins.confidence.numpy(), bins.accuracy.numpy())
        found.append(charts.Calibration(at, edges, *values, row["ece"], row["ks"]))
    return charts.reliability(found)


def promise(row: Mapping[str, Any]) -> str:
    """What a threshold was calibrated to.

    >>> promise({"calibrated_to": "coverage", "value": 0.9}), promise({"calibrated_to": "risk", "value": 0.01})
    ('90 % answered', 'at most 1 % wrong')
    """
    share = f"{100 * row['value']:.4g} %"
    return f"{share} answered" if row["calibrated_to"] == "coverage" else f"at most {share} wrong"


def thresholds(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The share of wrong answers that thresholds let through, clean and per radius."""
    radii: list[float | None] = [None, *(found["radius"] for found in rows[0]["attacked"])]
    shades = charts.by_radius(radii)
    risks = [[found["risk"] for found in (row["clean"], *row["attacked"])] for row in rows]
    groups = tuple(
        charts.Bars(
            charts.stage(radii[at]),
            tuple(None if row[at] is None else 100 * row[at] for row in risks),
            shades[at],
        )
        for at in charts.some(len(radii))
    )
    names, title = [promise(row) for row in rows], "Wrong answers that a threshold lets through"
    return charts.bars("thresholds", title, names, groups, axis="risk (% of answers wrong)")


def rounding(summary: Mapping[str, Any]) -> Figure:
    """AURC before, after the attack, and after rounding to 8 bits, per radius."""
    rows = [summary["attacked"][at] for at in charts.some(len(summary["attacked"]))]
    shades = {"clean": charts.CLEAN, "attacked": charts.ATTACKED[-1], "attacked, then rounded": charts.REFERENCE}
    areas = [(summary["clean"]["aurc"], row["aurc"], row["rounded"]["aurc"]) for row in rows]
    groups = tuple(
        charts.Bars(name, tuple(1000 * each[at] for each in areas), shade)
        for at, (name, shade) in enumerate(shades.items())
    )
    names = [charts.stage(row["radius"]) for row in rows]
    return charts.bars("rounding", "After rounding to 8 bits", names, groups, axis="AURC (× 1000)")


def gallery(found: Mapping[str, Array], classes: Sequence[str]) -> Pictures:
    """The images whose confidence moved most, what was added to them, and what came out."""
    items: list[Picture] = []
    share = percent(1)
    for at, sample in enumerate(found["sample"]):
        row: dict[str, Any] = {name: values[at] for name, values in found.items()}
        said, truth, now = (label(classes, int(row[key])) for key in ("clean_prediction", "label", "prediction"))
        right = row["clean_prediction"] == row["label"]
        verdict = f"predicted {said}, correct" if right else f"predicted {said}, wrong (it is {truth})"
        verdict += f"; after the attack {now}" if now != said else ""
        images, labels = before_and_after(row["original"], row["attacked"])
        moved = f"confidence {share(float(row['before']))} % → {share(float(row['after']))} %"
        title = f"{named(found, at, int(sample))}, radius {radius(float(row['radius']))}"
        items.append(Picture(images, labels, title, (verdict, moved)))
    return Pictures("gallery", "Before, what was added, after", tuple(items))
