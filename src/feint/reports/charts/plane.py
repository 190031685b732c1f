"""Maps over a plane: an image with a coarse grid to hover over, contours as polylines, points on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from ..formats import write
from ..images import data_uri, png
from ..names import short
from ..pictures import HOVER
from ..report import Mark, Panel, Ramp
from .colours import CLASSES, SEQUENTIAL, sequential, some
from .inline import DASHED, Array, Ends, Json, axis, chart, colour, keyed, layer, said, stacked, table
from .scatter import POINTS

_HOVER, _PIXELS, _NAMED = 32, 400, 10  # cells of the grid to hover over, each way; of an image; names in a legend
Border = tuple[Array, float]
"""Values over a plane, shape ``(G, G)``, and a level: a dashed line is drawn where they are equal to it."""


@final
@dataclass(frozen=True, eq=False)
class Points:
    """Places on a plane, shape ``(N, 2)``, in the colours of their classes, shape ``(N,)``, of which these are all."""

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


def heat(values: Array, end: float, *, name: str, span: Ends, **more: Any) -> Panel:
    """A value over a square plane: the darker, the more.

    Values have shape ``(G, G)``, rows from the bottom; both axes go from minus ``end`` to ``end``; the name is for
    tooltips; ``span`` is from the least value that there is to the one that is darkest; ``more`` is what `plane` has.
    """
    layers = [_image(sequential(values / (span[1] or 1.0))[::-1], end), _pointer(values, end, name)]
    return plane(end, layers=layers, legend=(Ramp(name, SEQUENTIAL, *map(write, span)),), **more)


def regions(
    codes: Array, kinds: Mapping[str, str], end: float, *, letters: Mapping[str, Ends] | None = None, title: str = ""
) -> Panel:
    """Which of a few kinds each point of a square plane is; letters at places outside of it are moved to its edge.

    Codes are places among the kinds, which have colours by their names, shape ``(G, G)``, rows from the bottom; both
    axes go from minus ``end`` to ``end``.
    """
    shades = np.array([[*bytes.fromhex(shade[1:])] for shade in kinds.values()], dtype=np.uint8)
    layers = [_image(shades[codes.astype(np.int64)][::-1], end)]
    if letters:
        x, y = np.clip(np.array([*letters.values()]).T, -0.96 * end, 0.96 * end)
        columns = table({"x": x, "y": y, "text": [short(each, 4) for each in letters]})
        look = {"fontWeight": "bold", "fontSize": 13, "color": "white"}
        layers.append(layer("text", look, rest={"data": columns}, **_axes(end), text="text"))
    return plane(end, title=title, layers=layers, legend=tuple(Mark(name, shade) for name, shade in kinds.items()))


def plane(
    end: float,
    *,
    points: Points | None = None,
    border: Border | None = None,
    title: str = "",
    layers: Sequence[Json] = (),
    legend: tuple[Mark | Ramp, ...] = (),
) -> Panel:
    """Points over what lies below them, if anything, and the line beyond which everything is far from them."""
    drawn = list(layers)
    if points is not None:
        keep, keys = some(len(points.labels), POINTS), keyed("c", CLASSES)
        (x, y), labels = points.places[keep].T, [short(points.classes[int(at)]) for at in points.labels[keep]]
        data = table({"x": x, "y": y, "c": [keys[at % 10] for at in points.labels[keep]], "label": labels}, 3)
        place: Json = {**_axes(end), "color": colour("c", keys, CLASSES), "tooltip": [said("label", "class")]}
        if all(len(label) <= 2 for label in labels):  # which are read where colours are not told apart
            size, rim = {"fontSize": 9}, {"stroke": "white", "strokeWidth": 2, "strokeJoin": "round"}
            looks = [{**size, **rim}, size] if layers else [size]  # with a rim over what may be dark
            drawn.append({"data": data, "layer": [layer("text", look, **place, text="label") for look in looks]})
        else:
            drawn.append(layer("circle", {"size": 14, "opacity": 0.85}, rest={"data": data}, **place))
        legend = (*legend, *points.legend)
    return Panel(chart([*drawn, *(_contours(*border, end) if border else [])], aspect=1.0), title, legend)


def _axes(end: float, x: str = "x", y: str = "y") -> Json:
    sides = (("x", x, "first"), ("y", y, "second"))
    return {way: axis(of, f"{which} latent coordinate", domain=(-end, end), grid=False) for way, of, which in sides}


def _image(shades: npt.NDArray[np.uint8], end: float) -> Json:
    times = max(1, _PIXELS // len(shades))
    url = data_uri(png(shades.repeat(times, axis=0).repeat(times, axis=1), largest=1024))
    corners = {"data": {"values": [{"x": -end, "x2": end, "y": -end, "y2": end}]}}
    return layer("image", {"aspect": False}, rest=corners, **_axes(end), x2="x2", y2="y2", url={"value": url})


def _pointer(values: Array, end: float, name: str) -> Json:
    """Cells that are not seen, each with the value at its middle."""
    count = min(_HOVER, len(values))
    at = ((np.arange(count) + 0.5) * len(values) / count).astype(np.int64)
    middle = -end + 2 * end * (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(middle, middle)
    half = end / count
    sides = (("l", "x", -half), ("r", "x", half), ("b", "y", -half), ("t", "y", half))
    rest = {
        "name": HOVER,
        "data": table({"x": x.ravel(), "y": y.ravel(), "value": values[np.ix_(at, at)].ravel()}, 3),
        "transform": [{"calculate": f"datum.{of} + {by:.4g}", "as": side} for side, of, by in sides],
    }
    told = [said("x", "first", ".2f"), said("y", "second", ".2f"), said("value", name, ".3~g")]
    return layer("rect", {"opacity": 0}, rest=rest, **_axes(end, "l", "b"), x2="r", y2="t", tooltip=told)


def _contours(values: Array, level: float, end: float) -> list[Json]:
    """Where values are equal to a level, as polylines; nothing where they never are."""
    import contourpy

    centres = np.linspace(-end, end, len(values))
    found: Any = contourpy.contour_generator(centres, centres, values).lines(level)
    data = stacked(
        {"x": line[:, 0], "y": line[:, 1], "line": [f"l{which}"] * len(line), "at": range(len(line))}
        for which, line in enumerate(found)
    )
    order = {"field": "at", "type": "quantitative"}
    return [layer("line", DASHED, rest={"data": table(data)}, **_axes(end), detail="line", order=order)] if data else []
