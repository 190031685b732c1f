"""Maps over a plane: an image with a coarse grid to hover over, contours as polylines, points on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from ..images import data_uri, png
from ..names import short
from ..pictures import HOVER
from ..report import Mark, Panel
from .colours import CLASSES, sequential, some
from .inline import DASHED, Json, axis, chart, colour, said, table

Array = npt.NDArray[Any]
POINTS: Final = 1500
"""On top of a map; of more, so many evenly spaced ones are drawn."""
_HOVER: Final = 32  # cells of the grid to hover over, each way
_PIXELS: Final = 400
_NAMED: Final = 10


@final
@dataclass(frozen=True, eq=False)
class Points:
    """Places on a plane in the colours of their classes.

    Attributes:
        places: shape ``(N, 2)``.
        labels: classes by number, shape ``(N,)``.
        classes: their names.
    """

    places: Array
    labels: Array
    classes: tuple[str, ...]

    @property
    def legend(self) -> tuple[Mark, ...]:
        """A mark for each class there is; of more than twenty, how many share the colours."""
        found: list[int] = np.unique(self.labels).tolist()
        if len(found) > 2 * _NAMED:
            return (Mark(f"{len(found):,} classes, in {len(CLASSES)} colours that repeat", CLASSES[0], "point"),)
        return tuple(Mark(self.classes[at], CLASSES[at % len(CLASSES)], "point") for at in found)


@final
@dataclass(frozen=True)
class Letter:
    """A letter at a place, such as that of an image shown elsewhere."""

    text: str
    x: float
    y: float


def heat(
    values: Array,
    end: float,
    *,
    name: str,
    top: float | None = None,
    points: Points | None = None,
    border: tuple[Array, float] | None = None,
    title: str = "",
) -> Panel:
    """A value over a square plane: the darker, the more.

    Args:
        values: shape ``(G, G)``, rows from the bottom.
        end: both axes go from minus this to this.
        name: of the value, for tooltips.
        top: the value that is darkest; left out, the largest.
        points: on top.
        border: a dashed line where these values, of the shape of ``values``, are equal to a level.
        title: of the panel.
    """
    most = float(np.nanmax(values)) if top is None else top
    layers = [_image(sequential(values / (most or 1.0))[::-1], end), _pointer(values, end, name)]
    return _plane(layers, end, points, border, (), title)


def regions(
    codes: Array,
    colours: Sequence[str],
    end: float,
    *,
    border: tuple[Array, float] | None = None,
    letters: Sequence[Letter] = (),
    title: str = "",
) -> Panel:
    """Which of a few kinds each point of a square plane is.

    Args:
        codes: whole numbers from 0, shape ``(G, G)``, rows from the bottom.
        colours: of the kinds, "#rrggbb".
        end: both axes go from minus this to this.
        border: as of `heat`.
        letters: on top; those outside are moved to the edge.
        title: of the panel.
    """
    shades = np.array([[int(shade[at : at + 2], 16) for at in (1, 3, 5)] for shade in colours], dtype=np.uint8)
    return _plane([_image(shades[codes.astype(np.int64)][::-1], end)], end, None, border, letters, title)


def encoded(points: Points, end: float, *, border: tuple[Array, float] | None = None, title: str = "") -> Panel:
    """Points alone, and the line beyond which everything is far from them."""
    return _plane([], end, points, border, (), title)


def _plane(
    layers: list[Json],
    end: float,
    points: Points | None,
    border: tuple[Array, float] | None,
    letters: Sequence[Letter],
    title: str,
) -> Panel:
    layers = list(layers)
    if points is not None:
        layers.append(_points(points, _axes(end), large=not layers))
    if border is not None:
        layers += _contours(*border, end)
    if letters:
        places = [
            {"x": float(np.clip(each.x, -0.96 * end, 0.96 * end)), "y": float(np.clip(each.y, -0.96 * end, 0.96 * end))}
            | {"text": short(each.text, 4)}
            for each in letters
        ]
        mark = {"type": "text", "fontWeight": "bold", "fontSize": 13, "color": "white", "tooltip": None}
        written = {"x": _axes(end)["x"], "y": _axes(end)["y"], "text": {"field": "text", "type": "nominal"}}
        layers.append({"data": {"values": places}, "mark": mark, "encoding": written})
    return Panel(chart(layers, aspect=1.0), title)


def _axes(end: float) -> Json:
    return {
        "x": axis("x", "first latent coordinate", domain=(-end, end), grid=False),
        "y": axis("y", "second latent coordinate", domain=(-end, end), grid=False),
    }


def _image(shades: npt.NDArray[np.uint8], end: float) -> Json:
    times = max(1, _PIXELS // len(shades))
    url = data_uri(png(shades.repeat(times, axis=0).repeat(times, axis=1), largest=1024))
    places = _axes(end)
    corners = [{"x": -end, "x2": end, "y": -end, "y2": end}]
    encoding = {**places, "x2": {"field": "x2"}, "y2": {"field": "y2"}, "url": {"value": url}}
    return {
        "data": {"values": corners},
        "mark": {"type": "image", "aspect": False, "tooltip": None},
        "encoding": encoding,
    }


def _pointer(values: Array, end: float, name: str) -> Json:
    """Cells that are not seen, each with the value at its middle."""
    count = min(_HOVER, len(values))
    at = ((np.arange(count) + 0.5) * len(values) / count).astype(np.int64)
    middle = -end + 2 * end * (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(middle, middle)
    columns = {"x": x.ravel(), "y": y.ravel(), "value": values[np.ix_(at, at)].ravel()}
    half = end / count
    sides = (("l", "x", -half), ("r", "x", half), ("b", "y", -half), ("t", "y", half))
    places = _axes(end)
    return {
        "name": HOVER,
        "data": table(columns, 3),
        "transform": [{"calculate": f"datum.{of} + {by:.4g}", "as": name} for name, of, by in sides],
        "mark": {"type": "rect", "opacity": 0},
        "encoding": {
            "x": {**places["x"], "field": "l"},
            "x2": {"field": "r"},
            "y": {**places["y"], "field": "b"},
            "y2": {"field": "t"},
            "tooltip": [said("x", "first", ".2f"), said("y", "second", ".2f"), said("value", name, ".3~g")],
        },
    }


def _points(points: Points, places: Json, *, large: bool) -> Json:
    keep = some(len(points.labels), POINTS)
    labels = points.labels[keep]
    columns = {
        "x": points.places[keep, 0],
        "y": points.places[keep, 1],
        "c": [f"c{at}" for at in labels % len(CLASSES)],
    }
    keys = [f"c{at}" for at in range(len(CLASSES))]
    return {
        "data": table(columns, 3),
        "mark": {"type": "circle", "size": 14 if large else 7, "opacity": 0.85, "tooltip": None},
        "encoding": {**places, "color": colour("c", keys, CLASSES)},
    }


def _contours(values: Array, level: float, end: float) -> list[Json]:
    """Where values are equal to a level, as polylines; nothing where they never are."""
    import contourpy

    centres = np.linspace(-end, end, len(values))
    found: Any = contourpy.contour_generator(centres, centres, values).lines(level)
    columns: dict[str, list[Any]] = {"x": [], "y": [], "line": [], "at": []}
    for which, line in enumerate(found):
        columns["x"] += line[:, 0].tolist()
        columns["y"] += line[:, 1].tolist()
        columns["line"] += [f"l{which}"] * len(line)
        columns["at"] += range(len(line))
    if not columns["x"]:
        return []
    return [
        {
            "data": table(columns, 4),
            "mark": {"type": "line", **DASHED},
            "encoding": {
                **_axes(end),
                "detail": {"field": "line", "type": "nominal"},
                "order": {"field": "at", "type": "quantitative"},
            },
        }
    ]
