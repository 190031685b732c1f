"""Inputs side by side, each with the interval in which its confidence can be moved."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..report import Mark, Panel
from .colours import CORRECT, REFERENCE, WRONG, some
from .inline import DASHED, Json, axis, chart, colour, said, table

Array = npt.NDArray[Any]
MOST: Final = 600
"""Inputs of a panel: more than lie side by side on a screen."""
INTERVALS: Final = (
    Mark("correct predictions", CORRECT),
    Mark("wrong predictions", WRONG),
    Mark("the threshold", REFERENCE, "dash"),
)


def intervals(clean: Array, low: Array, high: Array, correct: Array, *, threshold: float, title: str = "") -> Panel:
    """One line per input from its lowest to its highest confidence, the least certain first; a dot where it came from.

    Args:
        clean: clean confidences in [0, 1].
        low: the lowest reached.
        high: the highest.
        correct: whether predictions are.
        threshold: in [0, 1], a dashed line across.
        title: of the panel.
    """
    order = np.argsort(clean, kind="stable")
    ranks = np.array(some(len(order), MOST))
    shown = order[ranks]
    columns = {
        "place": 100 * (ranks + 0.5) / len(order),
        "clean": 100 * clean[shown],
        "low": 100 * low[shown],
        "high": 100 * high[shown],
        "kind": ["correct" if right else "wrong" for right in correct[shown].astype(bool)],
    }
    across = axis("place", "inputs, the least certain first (%)", domain=(-1, 101), grid=False)
    shade = colour("kind", ["correct", "wrong"], [CORRECT, WRONG])
    up = axis("low", "confidence (%)", domain=(-1, 101), values=(0, 25, 50, 75, 100))
    tooltip = [
        said("kind", "prediction"),
        said("clean", "confidence, %", ".1f"),
        said("low", "can be lowered to, %", ".1f"),
        said("high", "can be raised to, %", ".1f"),
    ]
    spans = {
        "mark": {"type": "rule", "opacity": 0.55, "strokeWidth": 1.2},
        "encoding": {"x": across, "y": up, "y2": {"field": "high"}, "color": shade, "tooltip": tooltip},
    }
    dots = {
        "mark": {"type": "circle", "size": 12, "opacity": 1},
        "encoding": {"x": across, "y": {**up, "field": "clean"}, "color": shade, "tooltip": tooltip},
    }
    line: Json = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", **DASHED},
        "encoding": {"y": {"datum": 100 * threshold}},
    }
    return Panel(chart([spans, dots, line], height=320, data=table(columns)), title)
