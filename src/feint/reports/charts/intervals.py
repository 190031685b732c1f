"""Images side by side, each with the interval in which its confidence can be moved."""

from typing import Final

import numpy as np

from ..report import Mark, Panel
from .colours import CORRECT, REFERENCE, WRONG, some
from .inline import DASHED, QUARTERS, Array, Json, axis, chart, colour, layer, rule, said, table

MOST: Final = 600
"""Images of a panel: more than lie side by side on a screen."""
_LEGEND: Final = (
    Mark("correct predictions", CORRECT),
    Mark("wrong predictions", WRONG),
    Mark("the threshold", REFERENCE, "dash"),
)


def intervals(clean: Array, low: Array, high: Array, correct: Array, *, threshold: float, title: str = "") -> Panel:
    """A line per image from its lowest to its highest confidence, the least certain first; a dot where it came from."""
    order = np.argsort(clean, kind="stable")
    ranks = np.array(some(len(order), MOST))
    columns = {
        "place": 100 * (ranks + 0.5) / len(order),
        **{name: 100 * each[order[ranks]] for name, each in (("clean", clean), ("low", low), ("high", high))},
        "kind": ["correct" if right else "wrong" for right in correct[order[ranks]].astype(bool)],
    }
    up = axis("low", "confidence (%)", domain=(-1, 101), values=QUARTERS)
    place: Json = {
        "x": axis("place", "images, the least certain first (%)", domain=(-1, 101), grid=False),
        "color": colour("kind", ["correct", "wrong"], [CORRECT, WRONG]),
        "tooltip": [
            said("kind", "prediction"),
            said("clean", "confidence, %", ".1f"),
            said("low", "can be lowered to, %", ".1f"),
            said("high", "can be raised to, %", ".1f"),
        ],
    }
    spans = layer("rule", {"opacity": 0.55, "strokeWidth": 1.2}, **place, y=up, y2="high")
    dots = layer("circle", {"size": 12, "opacity": 1}, **place, y={**up, "field": "clean"})
    layers = [spans, dots, rule(100 * threshold, DASHED)]
    return Panel(chart(layers, height=320, data=table(columns)), title, _LEGEND)
