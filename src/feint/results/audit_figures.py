"""From what an audit found to what its figures show."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .audit import Answered, AuditReport, Calibration, Confidences, GalleryItem, RiskCurve, Threshold
from .figures import (
    Band,
    BarFigure,
    Bars,
    Curve,
    HistogramFigure,
    LineFigure,
    Panel,
    Picture,
    PictureFigure,
    ReliabilityFigure,
    ReliabilityPanel,
    Role,
)
from .tables import percent, radius_text

BINS = 20
_POINTS = 500  # of a curve: more than a screen can show apart


def risk_coverage(report: AuditReport) -> LineFigure:
    """Risk against coverage, clean and per radius, within what is possible at that accuracy."""
    attacked = [curve for curve in report.curves if curve.radius is not None]
    curves = tuple(
        _curve(curve, "clean", "clean")
        if curve.radius is None
        else _curve(
            curve, f"radius {radius_text(curve.radius)}", "attacked", _strength(attacked.index(curve), attacked)
        )
        for curve in report.curves
    )
    areas = "; ".join(
        f"{'clean' if score.radius is None else 'radius ' + radius_text(score.radius)}: {1000 * score.aurc:.1f}"
        for score in report.scores
    )
    return LineFigure(
        name="risk_coverage",
        title="Risk against coverage",
        alt=f"Risk-coverage curves. Area under each, times 1000: {areas}.",
        x_title="coverage (% of images answered)",
        y_title="risk (% of answers wrong)",
        curves=curves,
        band=Band(_curve(report.best, "best possible", "rounded"), _curve(report.worst, "worst possible", "rounded")),
    )


def _strength(index: int, of: list[Any]) -> float:
    return index / (len(of) - 1) if len(of) > 1 else 0.5


def _curve(curve: RiskCurve, name: str, role: Role, strength: float = 1.0) -> Curve:
    keep = np.unique(
        np.linspace(0, len(curve.coverage) - 1, min(_POINTS, len(curve.coverage))).round().astype(np.int64)
    )
    return Curve(name, 100 * curve.coverage[keep], 100 * curve.risk[keep], role, strength)


def confidence(report: AuditReport) -> HistogramFigure:
    """Confidence of correct and of wrong predictions, clean and per radius."""
    panels = tuple(_panel(confidences) for confidences in report.confidences)
    means = "; ".join(
        f"{panel.title}: {_means(found)}" for panel, found in zip(panels, report.confidences, strict=True)
    )
    return HistogramFigure(
        name="confidence",
        title="Confidence of correct and wrong predictions",
        alt=f"Histograms of confidence. Mean confidence, {means}.",
        x_title="confidence (%)",
        y_title="share of its kind (%)",
        panels=panels,
    )


def _panel(found: Confidences) -> Panel:
    correct = found.correct.astype(bool)
    edges = np.linspace(0, 100, BINS + 1)
    counts = [np.histogram(100 * found.confidence[chosen], edges)[0] for chosen in (correct, ~correct)]
    return Panel(stage(found.radius), edges, counts[0], counts[1])


def stage(radius: float | None) -> str:
    """Which images a panel shows.

    >>> stage(None), stage(0.0005)
    ('before the attack', 'attacked, radius 5e-4')
    """
    return "before the attack" if radius is None else f"attacked, radius {radius_text(radius)}"


def _means(found: Confidences) -> str:
    correct = found.correct.astype(bool)
    parts = [
        f"{name} {percent(float(found.confidence[chosen].mean()))} %"
        for name, chosen in (("correct", correct), ("wrong", ~correct))
        if chosen.any()
    ]
    return ", ".join(parts)


def reliability(report: AuditReport) -> ReliabilityFigure:
    """Accuracy against confidence, clean and per radius."""
    attacked = [found for found in report.calibrations if found.radius is not None]
    panels = tuple(
        _reliability(found, "clean", 1.0)
        if found.radius is None
        else _reliability(found, "attacked", _strength(attacked.index(found), attacked))
        for found in report.calibrations
    )
    return ReliabilityFigure(
        name="reliability",
        title="Does a confidence of 80 % mean right in 80 % of cases?",
        alt=f"Reliability diagrams. {'; '.join(panel.title for panel in panels)}.",
        x_title="confidence (%)",
        y_title="correct (%)",
        count_title="images (count)",
        panels=panels,
    )


def _reliability(found: Calibration, role: Role, strength: float) -> ReliabilityPanel:
    title = f"{stage(found.radius)}: ECE {percent(found.ece)} %, KS {percent(found.ks)} %"
    edges, confidence, accuracy = (100 * values for values in (found.edges, found.confidence, found.accuracy))
    return ReliabilityPanel(title, edges, confidence, accuracy, found.count, role, strength)


def thresholds(report: AuditReport) -> BarFigure:
    """The share of wrong answers that thresholds let through, clean and per radius."""
    rows = report.thresholds
    radii = [answered.radius for answered in rows[0].attacked]
    bars = [Bars("clean", tuple(_risk(row.clean) for row in rows), "clean")]
    bars += [
        Bars(stage(radius), tuple(_risk(row.attacked[at]) for row in rows), "attacked", _strength(at, radii))
        for at, radius in enumerate(radii)
    ]
    return BarFigure(
        name="thresholds",
        title="Wrong answers that a threshold lets through",
        alt="; ".join(f"{promise(row)}: {_risks(row)}" for row in rows),
        x_title="threshold (as calibrated on clean images)",
        y_title="risk (% of answers wrong)",
        categories=tuple(promise(row) for row in rows),
        bars=tuple(bars),
        hover="%{y:.2f} % of answers wrong",
    )


def promise(row: Threshold) -> str:
    """What a threshold was calibrated to.

    >>> none = Answered(None, 0.9, 0.0)
    >>> promise(Threshold("coverage", 0.9, "", none, ())), promise(Threshold("risk", 0.01, "", none, ()))
    ('90 % answered', 'at most 1 % wrong')
    """
    share = f"{100 * row.value:.4g} %"
    return f"{share} answered" if row.calibrated_to == "coverage" else f"at most {share} wrong"


def _risk(found: Answered) -> float | None:
    return None if found.risk is None else 100 * found.risk


def _risks(row: Threshold) -> str:
    return ", ".join(
        f"{'clean' if found.radius is None else 'radius ' + radius_text(found.radius)} "
        f"{'nothing answered' if found.risk is None else percent(found.risk) + ' % of answers wrong'}"
        for found in (row.clean, *row.attacked)
    )


def rounding(report: AuditReport) -> BarFigure:
    """AURC before, after the attack, and after rounding to 8 bits, per radius."""
    clean = next(score.aurc for score in report.scores if score.radius is None)
    rows = report.rounding
    return BarFigure(
        name="rounding",
        title="After rounding to 8 bits",
        alt="; ".join(
            f"radius {radius_text(row.radius)}: AURC times 1000 {1000 * clean:.1f} clean, "
            f"{1000 * row.aurc_attacked:.1f} attacked, {1000 * row.aurc_rounded:.1f} after rounding"
            for row in rows
        ),
        x_title="radius (in units of [0, 1])",
        y_title="AURC (× 1000)",
        categories=tuple(radius_text(row.radius) for row in rows),
        bars=(
            Bars("clean", tuple(1000 * clean for _ in rows), "clean"),
            Bars("attacked", tuple(1000 * row.aurc_attacked for row in rows), "attacked"),
            Bars("attacked, then rounded", tuple(1000 * row.aurc_rounded for row in rows), "rounded"),
        ),
        hover="AURC × 1000: %{y:.2f}",
    )


def gallery(report: AuditReport) -> PictureFigure:
    """The images, what was added to them, and what came out."""
    pictures = tuple(_picture(item) for item in report.gallery)
    return PictureFigure(
        name="gallery",
        title="Before, what was added, after",
        alt="; ".join(f"{picture.title}: confidence {picture.before}, then {picture.after}" for picture in pictures),
        pictures=pictures,
    )


def _picture(item: GalleryItem) -> Picture:
    original, attacked = _unit(item.original), _unit(item.attacked)
    difference = attacked - original
    factor = magnification(float(np.abs(difference).max(initial=0.0)))
    return Picture(
        title=item.title,
        before=f"{percent(item.before)} %",
        after=f"{percent(item.after)} %",
        original=_bytes(original),
        perturbation=_bytes(0.5 + difference * (factor or 0.0)),
        attacked=_bytes(attacked),
        magnification=factor,
        prediction=item.prediction,
        correct=item.correct,
    )


def magnification(largest: float) -> float | None:
    """The largest of 1, 2, 5, 10, 20, 50, ... at which changes up to ``largest`` stay within half the range.

    >>> magnification(0.0005), magnification(0.003), magnification(0.7), magnification(0.0)
    (1000.0, 100.0, 1.0, None)
    """
    if largest <= 0:
        return None
    room = max(0.5 / largest * 1.001, 1.0)  # a thousandth of leeway for float32's rounding
    power = 10.0 ** math.floor(math.log10(room))
    return power * max(step for step in (1, 2, 5) if step * power <= room)


def _unit(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As floats in [0, 1] with three channels."""
    values = image.astype(np.float64) / (255 if image.dtype == np.uint8 else 1)
    values = values[..., None] if values.ndim == 2 else values
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values[..., :3]


def _bytes(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return (255 * image.clip(0, 1)).round().astype(np.uint8)
