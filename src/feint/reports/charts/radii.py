"""The figures of an attack at several radii: risk against coverage, confidence, reliability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np

from ..formats import percent, times1000
from ..report import Figure, Mark, Panel
from .colours import CORRECT, MOST, RANDOM, REFERENCE, WRONG, by_radius, radius_legend, some, stage
from .inline import PERCENT, QUARTERS, Array, Json, axis, chart, colour, diagonal, layer, rule, said, table
from .lines import Line, lines, over

Sure = tuple[float | None, Array, Array]
"""A radius, None: clean; the confidence in [0, 1] of every image's prediction; whether it is correct."""
BINS: Final = 20
_HEIGHT, _SPLIT, _BELOW = 300, 212, 236


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """Error rate among the most confident, against the share answered, and the area below; radius None: clean."""

    radius: float | None
    coverage: Array
    risk: Array
    aurc: float


@final
@dataclass(frozen=True, eq=False)
class Calibration:
    """A reliability diagram: B bins of equal width, B + 1 edges from 0 to 1; radius None: clean.

    Attributes:
        confidence: mean of each bin, NaN where it is empty.
        accuracy: share of correct predictions, NaN where it is empty.
        ks: Kolmogorov-Smirnov calibration error; None where it was not asked for.
    """

    radius: float | None
    edges: Array
    count: Array
    confidence: Array
    accuracy: Array
    ece: float
    ks: float | None = None

    @property
    def errors(self) -> str:
        """In words."""
        ks = "" if self.ks is None else f", KS {percent(1)(self.ks)} %"
        return f"{stage(self.radius)}: ECE {percent(1)(self.ece)} %{ks}"


def risk_coverage(curves: Sequence[Curve], best: Array, worst: Array, *, random: Curve | None = None) -> Figure:
    """Risk against coverage, the clean curve first, within the lowest and highest risk possible at its coverages.

    What random signs of a radius do is drawn beside, where they were tried.
    """
    grid, radii = curves[0].coverage, [curve.radius for curve in curves]
    series = [
        Line(stage(curve.radius), 100 * over(grid, curve.coverage, curve.risk), shade)
        for curve, shade in zip(curves, by_radius(radii), strict=True)
    ]
    if random is not None:
        drawn = 100 * over(grid, random.coverage, random.risk)
        series.append(Line(f"random signs, {stage(random.radius)}", drawn, RANDOM, True))
    beside = [series[-1].mark] if random is not None else []
    series += [Line(f"{end} possible", 100 * y, REFERENCE, True) for end, y in (("worst", worst), ("best", best))]
    titles: Json = {"x_title": "coverage (% of images answered)", "y_title": "risk (% of answers wrong)"}
    band, domain = (100 * best, 100 * worst), (0, 101)
    panel = lines(100 * grid, series, **titles, x_domain=PERCENT, y_domain=domain, band=band, format=".1f", height=400)
    told = "; ".join(f"{stage(curves[at].radius)}: {times1000(1)(curves[at].aurc)}" for at in some(len(curves)))
    if random is not None:
        told += f"; random signs, {stage(random.radius)}: {times1000(1)(random.aurc)}"
    legend = (*radius_legend(radii), *beside, Mark("best and worst possible", REFERENCE, "dash"))
    alt = f"Risk-coverage curves. Area under each, × 1000: {told}."
    return Figure("risk_coverage", "Risk against coverage", alt, (panel,), legend=legend)


def confidence(stages: Sequence[Sure]) -> Figure:
    """Confidence of correct predictions upwards, of wrong ones downwards, each in percent of its own."""
    edges, heads, means, counts = np.linspace(0, 1, BINS + 1), list[str](), list[str](), list[list[Array]]()
    for radius, sure, correct in [stages[at] for at in some(len(stages))]:
        kinds = {"correct": sure[correct.astype(bool)], "wrong": sure[~correct.astype(bool)]}
        counts.append([np.histogram(each, edges)[0] for each in kinds.values()])
        heads.append(stage(radius))
        told = [f"{kind} {percent(1)(float(each.mean()))} %" for kind, each in kinds.items() if len(each)]
        means.append(f"{heads[-1]}: {', '.join(told)}")
    shares = [[100 * each / max(each.sum(), 1) for each in pair] for pair in counts]
    top = float(np.clip(10 * np.ceil(1.08 * np.max(shares) / 10), 10, 105))
    drawn = zip(counts, shares, heads, strict=True)
    panels = tuple(Panel(_histogram(edges, count, share, top), head) for count, share, head in drawn)
    legend = (Mark("correct predictions, upwards", CORRECT), Mark("wrong predictions, downwards", WRONG))
    title, alt = "Confidence of correct and wrong predictions", f"Histograms of confidence. Mean, {'; '.join(means)}."
    return Figure("confidence", title, alt, panels, _left_out(stages), legend)


def _left_out(stages: Sequence[Any]) -> str:
    return f"Shown are {MOST} of {len(stages)} stages, evenly spaced." if len(stages) > MOST else ""


def _spans(edges: Array, times: int = 1) -> dict[str, Any]:
    """Columns of bars with a little room between them, over which confidences they stand, and from where."""
    low, high = 100 * edges[:-1], 100 * edges[1:]
    gap = 0.04 * (high[0] - low[0])
    said = [f"{a:.3g} to {b:.3g} %" for a, b in zip(low, high, strict=True)]
    bars = {"low": np.tile(low + gap, times), "high": np.tile(high - gap, times), "span": said * times}
    return {**bars, "zero": np.zeros(times * len(low))}


def _histogram(edges: Array, counts: Sequence[Array], shares: Sequence[Array], top: float) -> Json:
    step = 50 if top > 50 else 25 if top > 25 else 10
    kinds = ["correct", "wrong"]
    columns = {**_spans(edges, 2), "kind": np.repeat(kinds, len(edges) - 1)}
    columns |= {"share": np.concatenate([shares[0], -shares[1]]), "count": np.concatenate(counts)}
    marks = range(-int(top // step) * step, int(top) + 1, step)
    up = axis("share", "share of its kind (%)", domain=(-top, top), values=marks)
    up["axis"] |= {"labelExpr": "abs(datum.value)"}
    bars = layer(
        "rect",
        x=axis("low", "confidence (%)", domain=PERCENT, values=QUARTERS),
        x2="high",
        y=up,
        y2="zero",
        color=colour("kind", kinds, [CORRECT, WRONG]),
        tooltip=[said("span", "confidence"), said("kind", "prediction"), said("count", "images", ",")],
    )
    return chart([bars, rule(0.0, {"strokeWidth": 0.8})], height=230, data=table(columns))


def reliability(stages: Sequence[Calibration]) -> Figure:
    """Accuracy against confidence, and below it how many images each bin holds, clean and per radius."""
    shown, shades = some(len(stages)), by_radius([found.radius for found in stages])
    most = max(int(stages[at].count.max()) for at in shown)
    panels = tuple(Panel(_bins(stages[at], shades[at], most), stages[at].errors) for at in shown)
    legend = (Mark("exact", REFERENCE, "dash"), Mark("images in the bin", REFERENCE))
    title = "Does a confidence of 80 % mean right in 80 % of cases?"
    alt = f"Reliability diagrams. {'; '.join(panel.title for panel in panels)}."
    return Figure("reliability", title, alt, panels, _left_out(stages), legend)


def _bins(found: Calibration, shade: str, most: int) -> Json:
    values = {"accuracy": 100 * found.accuracy, "confidence": 100 * found.confidence, "count": found.count}
    above = axis("accuracy", "correct (%)", domain=(0, 100), values=QUARTERS)
    below = axis("count", "images", domain=(0, 1.05 * most), grid=False)
    below["axis"] |= {"tickCount": 2, "orient": "left"}
    for up, low, high in ((above, _SPLIT, 0), (below, _HEIGHT, _BELOW)):
        up["scale"] |= {"range": [low, high]}
        up["axis"] |= {"titleY": (low + high) / 2}
    place: Json = {
        "x": axis("low", "confidence (%)", domain=PERCENT, values=QUARTERS, grid=False),
        "x2": "high",
        "y2": "zero",
    }
    means = {"confidence": "their mean confidence, %", "accuracy": "correct, %"}
    told = [said("span", "confidence"), said("count", "images", ",")]
    place["tooltip"] = [*told, *(said(name, head, ".1f") for name, head in means.items())]
    heights = {"layer": [layer("rect", {"color": shade}, **place, y=above), diagonal(PERCENT, y=above)]}
    numbers = layer("rect", {"color": REFERENCE}, **place, y=below)
    data = table({**_spans(found.edges), **values})
    return chart([heights, numbers], height=_HEIGHT, data=data, resolve={"scale": {"y": "independent"}})
