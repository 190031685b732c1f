"""How values are spread: histograms laid over each other; images side by side, with where each can be moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from ..names import short
from ..report import Mark, Panel
from .colours import CORRECT, REFERENCE, WRONG, some
from .inline import DASHED, QUARTERS, Array, Json, axis, chart, colour, keyed, layer, rule, said, stacked, table

MOST_INTERVALS: Final = 600
"""Images of a panel: more than lie side by side on a screen."""
_ENDS: Final = {"clean": "confidence", "low": "can be lowered to", "high": "can be raised to"}
_KINDS: Final = (Mark("correct predictions", CORRECT), Mark("wrong predictions", WRONG))


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one kind, in any order; outlined: a line over the filled ones."""

    name: str
    values: Array
    colour: str
    outlined: bool = False


def histograms(samples: Sequence[Sample], *, x_title: str, y_title: str, bins: int = 50, title: str = "") -> Panel:
    """Histograms over the same bins, each in percent of its own values.

    The last bin takes in everything above the 99.9 % quantile, so that a few large values do not push all to the left.
    """
    top = max(float(np.quantile(sample.values, 0.999)) for sample in samples)
    bottom = min(0.0, *(float(sample.values.min()) for sample in samples))
    edges = np.linspace(bottom, top if top > bottom else bottom + 1, bins + 1)
    keys = keyed("k", samples)
    counts = [np.histogram(sample.values.clip(edges[0], edges[-1]), edges)[0] for sample in samples]
    # All begin and end on the ground, which is seen of outlines.
    low, high = np.concatenate([edges[:1], edges, edges[-1:]]), np.concatenate([edges, edges[-1:], edges[-1:]])
    shares = [100 * np.array([0, *count, count[-1], 0]) / max(count.sum(), 1) for count in counts]
    columns = stacked(
        {"k": [key] * len(low), "low": low, "high": high, "share": share, "name": [short(each.name)] * len(low)}
        for key, each, share in zip(keys, samples, shares, strict=True)
    )
    told = [said("name", "kind"), said("low", "from", ".3~g"), said("high", "to", ".3~g"), said("share", "%", ".2f")]
    place = {"x": axis("low", x_title, domain=(float(edges[0]), float(edges[-1]))), "y": axis("share", y_title)}
    place["color"] = colour("k", keys, [sample.colour for sample in samples])
    layers: list[Json] = []
    for outlined in (False, True):
        chosen = [key for key, sample in zip(keys, samples, strict=True) if sample.outlined is outlined]
        rest = {"transform": [{"filter": {"field": "k", "oneOf": chosen}}]}
        if chosen and outlined:
            layers.append(layer("line", {"interpolate": "step-after", "strokeWidth": 1.8}, rest=rest, **place))
        elif chosen:
            layers.append(layer("rect", {"opacity": 0.5}, rest=rest, **place, x2="high", y2={"datum": 0}, tooltip=told))
    legend = tuple(Mark(each.name, each.colour, "line" if each.outlined else "square") for each in samples)
    return Panel(chart(layers, height=250, data=table(columns)), title, legend)


def intervals(clean: Array, low: Array, high: Array, correct: Array, *, threshold: float, title: str = "") -> Panel:
    """A line per image from its lowest to its highest confidence, the least certain first; a dot where it came from."""
    order = np.argsort(clean, kind="stable")
    ranks = np.array(some(len(order), MOST_INTERVALS))
    columns = {
        "place": 100 * (ranks + 0.5) / len(order),
        **{name: 100 * each[order[ranks]] for name, each in (("clean", clean), ("low", low), ("high", high))},
        "kind": ["correct" if right else "wrong" for right in correct[order[ranks]].astype(bool)],
    }
    up = axis("low", "confidence (%)", domain=(-1, 101), values=QUARTERS)
    place: Json = {
        "x": axis("place", "images, the least certain first (%)", domain=(-1, 101), grid=False),
        "color": colour("kind", ["correct", "wrong"], [CORRECT, WRONG]),
        "tooltip": [said("kind", "prediction"), *(said(name, f"{head}, %", ".1f") for name, head in _ENDS.items())],
    }
    spans = layer("rule", {"opacity": 0.55, "strokeWidth": 1.2}, **place, y=up, y2="high")
    dots = layer("circle", {"size": 12, "opacity": 1}, **place, y={**up, "field": "clean"})
    drawn = chart([spans, dots, rule(100 * threshold, DASHED)], height=320, data=table(columns))
    return Panel(drawn, title, (*_KINDS, Mark("the threshold", REFERENCE, "dash")))
