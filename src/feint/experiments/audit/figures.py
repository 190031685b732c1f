"""An audit's figures: its curves, histograms, bars and pictures, from records and summary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from feint import metrics
from feint.experiments.pictures import before_and_after
from feint.metrics import RiskCoverage
from feint.reports import Figure, Picture, Pictures, charts
from feint.reports.formats import percent, radius
from feint.runs.work import Array

Sure = tuple[float | None, Float[Tensor, " N"], Bool[Tensor, " N"]]
"""A radius (None: clean), the confidence of every prediction, and whether it is right."""
ROUNDED = "#8c8c8c"


def curve(at: float | None, found: RiskCoverage, aurc: float) -> charts.Curve:
    """A risk-coverage curve."""
    return charts.Curve(at, found.coverage.numpy(), found.risk.numpy(), aurc)


def risk_coverage(curves: Sequence[charts.Curve], best: RiskCoverage, worst: RiskCoverage) -> Figure:
    """All curves, between the best and the worst possible ones."""
    return charts.risk_coverage(curves, best.risk.numpy(), worst.risk.numpy())


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
    shown = charts.some(len(radii))
    shades = charts.by_radius(radii)

    def risk(found: Mapping[str, Any]) -> float | None:
        return None if found["risk"] is None else 100 * found["risk"]

    groups = tuple(
        charts.Bars(
            charts.stage(radii[at]), tuple(risk([row["clean"], *row["attacked"]][at]) for row in rows), shades[at]
        )
        for at in shown
    )
    panel = charts.bars([promise(row) for row in rows], groups, title="risk (% of answers wrong)")
    return Figure(
        "thresholds",
        "Wrong answers that a threshold lets through",
        "; ".join(f"{promise(row)}: {_risks(row)}" for row in rows),
        (panel,),
        legend=tuple(group.mark for group in groups),
    )


def _risks(row: Mapping[str, Any]) -> str:
    found = [("clean", row["clean"]), *((charts.stage(each["radius"]), each) for each in row["attacked"])]
    return ", ".join(
        f"{name} {'nothing answered' if each['risk'] is None else percent(1)(each['risk']) + ' % of answers wrong'}"
        for name, each in found
    )


def rounding(summary: Mapping[str, Any]) -> Figure:
    """AURC before, after the attack, and after rounding to 8 bits, per radius."""
    clean, rows = 1000 * summary["clean"]["aurc"], summary["attacked"]
    kinds = {
        "clean": (tuple(clean for _ in rows), charts.CLEAN),
        "attacked": (tuple(1000 * row["aurc"] for row in rows), charts.ATTACKED[-1]),
        "attacked, then rounded": (tuple(1000 * row["rounded"]["aurc"] for row in rows), ROUNDED),
    }
    groups = tuple(charts.Bars(name, values, shade) for name, (values, shade) in kinds.items())
    names = [charts.stage(row["radius"]) for row in rows]
    return Figure(
        "rounding",
        "After rounding to 8 bits",
        "; ".join(
            f"radius {radius(row['radius'])}: AURC times 1000 {clean:.1f} clean, {1000 * row['aurc']:.1f} attacked, "
            f"{1000 * row['rounded']['aurc']:.1f} after rounding"
            for row in rows
        ),
        (charts.bars(names, groups, title="AURC (× 1000)"),),
        legend=tuple(group.mark for group in groups),
    )


def gallery(found: Mapping[str, Array], classes: Sequence[str]) -> Pictures:
    """The images whose confidence moved most, what was added to them, and what came out."""

    def name(label: int) -> str:
        return classes[label] if label < len(classes) else str(label)

    items: list[Picture] = []
    share = percent(1)
    for values in zip(*found.values(), strict=True):
        row: dict[str, Any] = dict(zip(found, values, strict=True))
        said, truth, now = (name(int(row[key])) for key in ("clean_prediction", "label", "prediction"))
        right = row["clean_prediction"] == row["label"]
        verdict = f"predicted {said}, correct" if right else f"predicted {said}, wrong (it is {truth})"
        if now != said:
            verdict += f"; after the attack {now}"
        images, labels = before_and_after(row["original"], row["attacked"])
        moved = f"confidence {share(float(row['before']))} % → {share(float(row['after']))} %"
        title = f"image {row['sample']}, radius {radius(float(row['radius']))}"
        items.append(Picture(images, labels, title, (verdict, moved)))
    return Pictures("gallery", "Before, what was added, after", tuple(items))
