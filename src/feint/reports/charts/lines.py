"""Curves over common places, with a rule to read them all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from ..pictures import HOVER
from ..report import Mark, Panel
from .colours import MOST, REFERENCE, some
from .inline import DASHED, POINTS, Ends, Json, axis, chart, colour, said, table

Array = npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Line:
    """A curve.

    Attributes:
        name: what it is.
        y: one value per place; NaN where there is none.
        colour: "#rrggbb".
        dashed: whether it is one to compare with.
        low: the lower end of a band around it, such as a quartile; None for none.
        high: the upper end.
    """

    name: str
    y: Array
    colour: str
    dashed: bool = False
    low: Array | None = None
    high: Array | None = None

    @property
    def mark(self) -> Mark:
        """Its entry in a legend."""
        return Mark(self.name, self.colour, "dash" if self.dashed else "line")


def lines(
    x: Array,
    series: Sequence[Line],
    *,
    x_title: str,
    y_title: str,
    x_domain: Ends | None = None,
    y_domain: Ends | None = None,
    band: tuple[Array, Array] | None = None,
    format: str = ".3~g",
    x_log: bool = False,
    y_log: bool = False,
    dots: bool = False,
    height: int = 340,
    title: str = "",
) -> Panel:
    """Curves over the same places; the first are drawn over the later ones.

    Args:
        x: the places, rising.
        series: the curves.
        x_title: of the axis.
        y_title: of the axis.
        x_domain: from where to where; left out, as wide as the data.
        y_domain: likewise.
        band: a shaded area between two curves, such as everything possible.
        format: how a tooltip writes values (of d3).
        x_log: whether the axis is logarithmic.
        y_log: likewise.
        dots: whether places are marked, where there are few.
        height: in pixels.
        title: of the panel.
    """
    keep = some(len(x), POINTS if len(series) <= 12 else POINTS // 2)
    keys = [f"s{at}" for at in range(len(series))]
    columns: dict[str, Any] = {"x": x[keep], **{key: line.y[keep] for key, line in zip(keys, series, strict=True)}}
    places = {"x": axis("x", x_title, domain=x_domain, log=x_log), "y": axis("y", y_title, domain=y_domain, log=y_log)}
    layers: list[Json] = []
    if band is not None:
        columns |= {"low": band[0][keep], "high": band[1][keep]}
        layers.append(_area("low", "high", REFERENCE, 0.12, places))
    for key, line in zip(keys, series, strict=True):
        if line.low is not None and line.high is not None:
            columns |= {f"{key}l": line.low[keep], f"{key}h": line.high[keep]}
            layers.append(_area(f"{key}l", f"{key}h", line.colour, 0.15, places))
    for dashed in (True, False):
        chosen = [key for key, line in zip(keys, series, strict=True) if line.dashed is dashed][::-1]
        if chosen:
            thin = {"strokeWidth": 1.2} if len(chosen) > 12 else {}
            look = {"strokeDash": DASHED["strokeDash"], "strokeWidth": 1.5} if dashed else thin
            layers.append(
                {
                    "transform": [{"fold": chosen, "as": ["series", "y"]}],
                    "mark": {"type": "line", "point": dots and not dashed, "tooltip": None, **look},
                    "encoding": {**places, "color": colour("series", keys, [line.colour for line in series])},
                }
            )
    layers.append(_pointer(x_title, keys, series, format))
    return Panel(chart(layers, height=height, data=table(columns)), title)


def _area(low: str, high: str, shade: str, opacity: float, places: Json) -> Json:
    across, up = places["x"], places["y"]
    return {
        "mark": {"type": "area", "color": shade, "opacity": opacity, "tooltip": None},
        "encoding": {"x": across, "y": {**up, "field": low}, "y2": {"field": high}},
    }


def _pointer(x_title: str, keys: Sequence[str], series: Sequence[Line], format: str) -> Json:
    """A rule at the place nearest to the pointer, and the values of at most so many curves there."""
    shown = some(len(keys), MOST + 3)
    values = [said(keys[at], series[at].name, format) for at in shown]
    return {
        "name": HOVER,
        "mark": {"type": "rule", "strokeWidth": 1},
        "params": [
            {
                "name": "place",
                "select": {
                    "type": "point",
                    "fields": ["x"],
                    "nearest": True,
                    "on": "pointermove",
                    "clear": "pointerout",
                },
            }
        ],
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "opacity": {"condition": {"param": "place", "value": 0.6, "empty": False}, "value": 0},
            "tooltip": [said("x", x_title, format), *values],
        },
    }


def over(grid: Array, x: Array, y: Array) -> Array:
    """A curve's values at other places, by straight lines; NaN beyond its ends."""
    return np.interp(grid, x, y, left=np.nan, right=np.nan)
