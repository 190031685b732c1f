"""An audit's figures: its curves, histograms, bars and pictures, from records and summary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float
from torch import Tensor

from feint import metrics
from feint.experiments.pictures import before_and_after, label, named
from feint.reports import Figure, Picture, Pictures, charts
from feint.reports.formats import percent, radius
from feint.runs.work import Array

from .summary import Judged, errors, uncertainty

Sure = tuple[float | None, Float[Tensor, " N"], Bool[Tensor, " N"]]
"""A radius (None: clean), the confidence of every prediction, and whether it is right."""
Stage = tuple[float | None, pa.Table]
"""A radius (None: clean), and the records there."""


def risk_coverage(stages: Sequence[Stage], found: Judged, summary: Mapping[str, Any]) -> Figure:
    """Risk against coverage, and what random signs of the largest radius do where they were tried."""

    def curve(at: float | None, rows: pa.Table, area: float) -> charts.Curve:
        drawn = metrics.risk_coverage(uncertainty(rows, found.measure), errors(rows))
        return charts.Curve(at, drawn.coverage.numpy(), drawn.risk.numpy(), area)

    rows, clean = [summary["clean"], *summary["attacked"]], errors(stages[0][1])
    curves = [curve(at, each, row["aurc"]) for (at, each), row in zip(stages, rows, strict=True)]
    at, signs = rows[-1]["radius"], rows[-1].get("random")
    random = curve(at, found.judged("random", at), signs["aurc"]) if signs else None
    best, worst = metrics.best_risk_coverage(clean), metrics.worst_risk_coverage(clean)
    return charts.risk_coverage(curves, best.risk.numpy(), worst.risk.numpy(), random=random)


def confidence(stages: Sequence[Sure]) -> Figure:
    """Histograms of confidence, of right and of wrong predictions."""
    return charts.confidence([(at, sure.numpy(), right.numpy()) for at, sure, right in stages])


def reliability(stages: Sequence[Sure], summary: Mapping[str, Any]) -> Figure:
    """Reliability diagrams; their errors are the summary's."""
    found: list[charts.Calibration] = []
    for (at, sure, right), row in zip(stages, [summary["clean"], *summary["attacked"]], strict=True):
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
    kept, shades = charts.some(len(radii)), charts.by_radius(radii)
    risks = [[found["risk"] for found in (row["clean"], *row["attacked"])] for row in rows]
    groups = [(charts.stage(radii[at]), [row[at] for row in risks]) for at in kept]
    look: dict[str, Any] = {"axis": "risk (% of answers wrong)", "times": 100}
    names, title = [promise(row) for row in rows], "Wrong answers that a threshold lets through"
    return charts.bars("thresholds", title, names, groups, [shades[at] for at in kept], **look)


def rounding(summary: Mapping[str, Any]) -> Figure:
    """AURC before, after the attack, and after rounding to 8 bits, per radius."""
    rows = [summary["attacked"][at] for at in charts.some(len(summary["attacked"]))]
    groups = [
        ("clean", [summary["clean"]["aurc"]] * len(rows)),
        ("attacked", [row["aurc"] for row in rows]),
        ("attacked, then rounded", [row["rounded"]["aurc"] for row in rows]),
    ]
    names, shades = [charts.stage(row["radius"]) for row in rows], (charts.CLEAN, charts.ATTACKED[-1], charts.REFERENCE)
    look: dict[str, Any] = {"axis": "AURC (× 1000)", "times": 1000}
    return charts.bars("rounding", "After rounding to 8 bits", names, groups, shades, **look)


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
