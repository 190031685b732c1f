"""The figures of an attack at several radii: risk against coverage, confidence, reliability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from ..formats import percent, times1000
from ..formats import radius as radius_text
from ..report import Figure, Mark, Panel
from .colours import CORRECT, MOST, REFERENCE, WRONG, by_radius, radius_legend, some
from .inline import DASHED, PERCENT, Json, axis, chart, said, table
from .lines import Line, lines, over

Array = npt.NDArray[Any]
BINS: Final = 20
_TICKS: Final = (0, 25, 50, 75, 100)


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """Error rate among the most confident inputs, against the share answered; radius None: clean.

    Attributes:
        coverage: rising to 1.
        risk: in [0, 1].
        aurc: the area under it.
    """

    radius: float | None
    coverage: Array
    risk: Array
    aurc: float


@final
@dataclass(frozen=True, eq=False)
class Confidences:
    """The confidence in [0, 1] of every input's prediction, and whether it is correct; radius None: clean."""

    radius: float | None
    confidence: Array
    correct: Array


@final
@dataclass(frozen=True, eq=False)
class Calibration:
    """A reliability diagram: confidence against accuracy in bins of equal width; radius None: clean.

    Attributes:
        edges: of the B bins, B + 1 numbers from 0 to 1.
        count: inputs in each bin.
        confidence: their mean confidence, NaN where there are none.
        accuracy: their share of correct predictions, NaN where there are none.
        ece: expected calibration error.
        ks: Kolmogorov-Smirnov calibration error; None where it was not asked for.
    """

    radius: float | None
    edges: Array
    count: Array
    confidence: Array
    accuracy: Array
    ece: float
    ks: float | None = None


def stage(radius: float | None) -> str:
    """Which inputs a panel or a row shows.

    >>> stage(None), stage(0.0005)
    ('clean', 'radius 5e-4')
    """
    return "clean" if radius is None else f"radius {radius_text(radius)}"


def risk_coverage(
    curves: Sequence[Curve], best: Array, worst: Array, *, name: str = "risk_coverage", caption: str = ""
) -> Figure:
    """Risk against coverage, clean and per radius, within what is possible at the clean accuracy.

    Args:
        curves: the clean one first, then by radius.
        best: the lowest risk possible at the first curve's coverages.
        worst: the highest.
        name: of the figure's file.
        caption: below it.
    """
    grid, radii = curves[0].coverage, [curve.radius for curve in curves]
    series = [
        Line(stage(curve.radius), 100 * over(grid, curve.coverage, curve.risk), shade)
        for curve, shade in zip(curves, by_radius(radii), strict=True)
    ]
    series += [
        Line("worst possible", 100 * worst, REFERENCE, dashed=True),
        Line("best possible", 100 * best, REFERENCE, dashed=True),
    ]
    panel = lines(
        100 * grid,
        series,
        x_title="coverage (% of inputs answered)",
        y_title="risk (% of answers wrong)",
        x_domain=PERCENT,
        y_domain=(0, 101),
        band=(100 * best, 100 * worst),
        format=".1f",
        height=400,
    )
    told = "; ".join(f"{stage(curves[at].radius)}: {times1000(1)(curves[at].aurc)}" for at in some(len(curves)))
    legend = (*radius_legend(radii), Mark("best and worst possible", REFERENCE, "dash"))
    alt = f"Risk-coverage curves. Area under each, × 1000: {told}."
    return Figure(name, "Risk against coverage", alt, (panel,), caption, legend)


def confidence(stages: Sequence[Confidences], *, name: str = "confidence") -> Figure:
    """Confidence of correct predictions upwards, of wrong ones downwards, each in percent of its own."""
    shown = [stages[at] for at in some(len(stages))]
    edges = np.linspace(0, 1, BINS + 1)
    counts = [[np.histogram(found.confidence[chosen], edges)[0] for chosen in _kinds(found)] for found in shown]
    shares = [[100 * each / max(each.sum(), 1) for each in pair] for pair in counts]
    tallest = max(float(each.max()) for pair in shares for each in pair)
    top = float(min(max(10 * np.ceil(1.08 * tallest / 10), 10), 105))
    panels = tuple(
        Panel(_histogram(edges, number, share, top), stage(found.radius))
        for found, number, share in zip(shown, counts, shares, strict=True)
    )
    alt = "; ".join(f"{stage(found.radius)}: {_means(found)}" for found in shown)
    legend = (Mark("correct predictions, upwards", CORRECT), Mark("wrong predictions, downwards", WRONG))
    title = "Confidence of correct and wrong predictions"
    return Figure(name, title, f"Histograms of confidence. Mean, {alt}.", panels, _left_out(stages), legend)


def _kinds(found: Confidences) -> tuple[Array, Array]:
    correct = found.correct.astype(bool)
    return correct, ~correct


def _means(found: Confidences) -> str:
    return ", ".join(
        f"{name} {percent(1)(float(found.confidence[chosen].mean()))} %"
        for name, chosen in zip(("correct", "wrong"), _kinds(found), strict=True)
        if chosen.any()
    )


def _left_out(stages: Sequence[Any]) -> str:
    return f"Shown are {MOST} of {len(stages)} stages, evenly spaced." if len(stages) > MOST else ""


def _histogram(edges: Array, counts: Sequence[Array], shares: Sequence[Array], top: float) -> Json:
    low, high = 100 * edges[:-1], 100 * edges[1:]
    gap = 0.04 * (high[0] - low[0])
    step = 50 if top > 50 else 25 if top > 25 else 10
    marks = [*range(-int(top // step) * step, int(top) + 1, step)]
    columns = {
        "low": np.tile(low + gap, 2),
        "high": np.tile(high - gap, 2),
        "span": [f"{a:g} to {b:g} %" for a, b in zip(low, high, strict=True)] * 2,
        "kind": ["correct"] * len(low) + ["wrong"] * len(low),
        "share": np.concatenate([shares[0], -shares[1]]),
        "count": np.concatenate([counts[0], counts[1]]),
        "zero": np.zeros(2 * len(low)),
    }
    up = axis("share", "share of its kind (%)", domain=(-top, top), values=marks)
    up["axis"] |= {"labelExpr": "abs(datum.value)"}
    bars = {
        "mark": {"type": "rect"},
        "encoding": {
            "x": axis("low", "confidence (%)", domain=PERCENT, values=_TICKS),
            "x2": {"field": "high"},
            "y": up,
            "y2": {"field": "zero"},
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {"domain": ["correct", "wrong"], "range": [CORRECT, WRONG]},
                "legend": None,
            },
            "tooltip": [said("span", "confidence"), said("kind", "prediction"), said("count", "inputs", ",")],
        },
    }
    zero: Json = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "strokeWidth": 0.8},
        "encoding": {"y": {"datum": 0}},
    }
    return chart([bars, zero], height=230, data=table(columns))


def reliability(stages: Sequence[Calibration], *, name: str = "reliability") -> Figure:
    """Accuracy against confidence, and below it how many inputs each bin holds, clean and per radius."""
    shown = some(len(stages))
    shades = by_radius([found.radius for found in stages])
    most = max(int(stages[at].count.max()) for at in shown)
    titles = [_errors(stages[at]) for at in shown]
    panels = tuple(Panel(_bins(stages[at], shades[at], most), title) for at, title in zip(shown, titles, strict=True))
    legend = (Mark("exact", REFERENCE, "dash"), Mark("inputs in the bin", REFERENCE))
    title = "Does a confidence of 80 % mean right in 80 % of cases?"
    alt = f"Reliability diagrams. {'; '.join(titles)}."
    return Figure(name, title, alt, panels, _left_out(stages), legend)


def _errors(found: Calibration) -> str:
    ks = "" if found.ks is None else f", KS {percent(1)(found.ks)} %"
    return f"{stage(found.radius)}: ECE {percent(1)(found.ece)} %{ks}"


_HEIGHT, _SPLIT, _BELOW = 300, 212, 236


def _bins(found: Calibration, shade: str, most: int) -> Json:
    low, high = 100 * found.edges[:-1], 100 * found.edges[1:]
    gap = 0.04 * (high[0] - low[0])
    columns = {
        "low": low + gap,
        "high": high - gap,
        "span": [f"{a:.3g} to {b:.3g} %" for a, b in zip(low, high, strict=True)],
        "accuracy": 100 * found.accuracy,
        "confidence": 100 * found.confidence,
        "count": found.count,
        "zero": np.zeros(len(low)),
    }
    across = axis("low", "confidence (%)", domain=PERCENT, values=_TICKS, grid=False)
    tooltip = [
        said("span", "confidence"),
        said("count", "inputs", ","),
        said("confidence", "their mean confidence, %", ".1f"),
        said("accuracy", "correct, %", ".1f"),
    ]
    above = axis("accuracy", "correct (%)", domain=(0, 100), values=_TICKS)
    above["scale"] |= {"range": [_SPLIT, 0]}
    above["axis"] |= {"titleY": _SPLIT / 2}
    below = axis("count", "inputs", domain=(0, 1.05 * most), grid=False)
    below["scale"] |= {"range": [_HEIGHT, _BELOW]}
    below["axis"] |= {"titleY": (_HEIGHT + _BELOW) / 2, "tickCount": 2, "orient": "left"}
    spread = {"x": across, "x2": {"field": "high"}, "y2": {"field": "zero"}, "tooltip": tooltip}
    exact = {
        "data": {"values": [{"a": 0, "b": 0}, {"a": 100, "b": 100}]},
        "mark": {"type": "line", **DASHED},
        "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {**above, "field": "b"}},
    }
    heights = {"layer": [{"mark": {"type": "rect", "color": shade}, "encoding": {**spread, "y": above}}, exact]}
    numbers = {"mark": {"type": "rect", "color": REFERENCE}, "encoding": {**spread, "y": below}}
    return chart([heights, numbers], height=_HEIGHT, data=table(columns), resolve={"scale": {"y": "independent"}})
