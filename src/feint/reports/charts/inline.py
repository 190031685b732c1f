"""Pieces of Vega-Lite that charts share: data inside of the chart as CSV, layers, and axes."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..names import short

Json = dict[str, Any]
Array = npt.NDArray[Any]
Ends = tuple[int | float, int | float]
"""From where to where an axis goes."""
DASHED: Final[Json] = {"color": "#8a919c", "strokeWidth": 1.5, "strokeDash": [5, 4]}
"""A line to compare with."""
PERCENT: Final = (0.0, 100.0)
QUARTERS: Final = (0, 25, 50, 75, 100)
POINTS: Final = 400
"""Of a curve: more than a screen can show apart."""


def table(columns: Mapping[str, Iterable[Any]], digits: int = 4) -> Json:
    """Columns of equal length as CSV: numbers with so many digits that count, NaN and None empty.

    Names of columns are ours, so that Vega-Lite reads no path into them; names of others are values.
    """
    found = {name: _column(values, digits) for name, values in columns.items()}
    parse = {name: kind for name, (_, kind) in found.items()}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(found)
    writer.writerows(zip(*(cells for cells, _ in found.values()), strict=True))
    return {"values": file.getvalue(), "format": {"type": "csv", "parse": parse}}


def _column(values: Iterable[Any], digits: int) -> tuple[list[str], str]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if any(isinstance(value, str) for value in listed):
        return ["" if value is None else str(value) for value in listed], "string"
    return ["" if each is None or not math.isfinite(each) else f"{float(each):.{digits}g}" for each in listed], "number"


def stacked(parts: Iterable[Mapping[str, Iterable[Any]]]) -> dict[str, list[Any]]:
    """Columns of several tables, one under the other."""
    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, values in part.items():
            found.setdefault(name, []).extend(values)
    return found


def axis(
    field: str,
    title: str,
    *,
    domain: Ends | None = None,
    values: Sequence[int | float] | None = None,
    log: bool = False,
    grid: bool = True,
    format: str | None = None,
) -> Json:
    """A quantitative position: what it shows, and from where to where."""
    look: Json = {"title": title or None, "grid": grid, "labelFlush": False}
    look |= {"values": list(values)} if values is not None else {"tickCount": 5}
    look |= {"format": format} if format is not None else {}
    scale: Json = {"type": "log"} if log else {}
    scale |= {"domain": list(domain), "nice": False} if domain is not None else {"zero": False} if log else {}
    return {"field": field, "type": "quantitative", "axis": look, "scale": scale}


def colour(field: str, keys: Sequence[str], shades: Sequence[str]) -> Json:
    """A colour for each key; what it stands for is said by the figure's legend."""
    return {"field": field, "type": "nominal", "scale": {"domain": [*keys], "range": [*shades]}, "legend": None}


def keyed(letter: str, things: Sequence[Any]) -> list[str]:
    """Names of ours for things whose own names may be anything.

    >>> keyed("s", ["a.b", "a.b"])
    ['s0', 's1']
    """
    return [f"{letter}{at}" for at in range(len(things))]


def said(field: str, title: str, format: str | None = None) -> Json:
    """A line of a tooltip, whose reader takes a line called title or image for something else than text."""
    head = short(title, 60)
    head = f"{head}\u00a0" if head in ("title", "image") else head
    line: Json = {"field": field, "title": head, "type": "nominal" if format is None else "quantitative"}
    return line if format is None else {**line, "format": format}


def layer(mark: str, look: Json | None = None, *, rest: Json | None = None, **channels: Any) -> Json:
    """A mark, how it looks, and what its channels show; a string names a column; ``rest`` is anything else."""
    shown = {
        name: {"field": of, **({} if name.endswith("2") else {"type": "nominal"})} if isinstance(of, str) else of
        for name, of in channels.items()
    }
    silent = {} if "tooltip" in channels else {"tooltip": None}
    return {**(rest or {}), "mark": {"type": mark, **silent, **(look or {})}, "encoding": shown}


def rule(place: float, look: Json, way: str = "y") -> Json:
    """A line across a chart; with "x" from its bottom to its top, such as a threshold."""
    return layer("rule", look, rest={"data": {"values": [{}]}}, **{way: {"datum": place}})


def diagonal(domain: Ends, **places: Json) -> Json:
    """A dashed line of equal values."""
    ends = {"data": {"values": [{"x": end, "y": end} for end in domain]}}
    return layer("line", DASHED, rest=ends, **{way: {**places.get(way, {}), **quantity(way)} for way in ("x", "y")})


def quantity(field: str) -> Json:
    """A number of a column, as other layers show it."""
    return {"field": field, "type": "quantitative"}


def chart(layers: Sequence[Json], *, height: int | None = 300, aspect: float | None = None, **more: Any) -> Json:
    """Layers of one chart of the page's width."""
    shape: Json = {"usermeta": {"aspect": aspect}, "height": 300} if aspect else {"height": height}
    return {"width": "container", **shape, **more, "layer": list(layers)}


def named(field: str, keys: Sequence[str], names: Sequence[str]) -> Json:
    """A position for each key from top to bottom, under names that need not differ, in up to three lines."""
    broken = [wrap(short(name, 60), 22)[:3] or [""] for name in names]
    listed = ",".join(f"{key}:[{','.join(map(literal, said))}]" for key, said in zip(keys, broken, strict=True))
    look = {"title": None, "grid": False, "labelExpr": f"({{{listed}}})[datum.value]"}
    scale = {"domain": list(keys), "paddingInner": 0.25, "paddingOuter": 0.1}
    return {"field": field, "type": "nominal", "sort": list(keys), "axis": look, "scale": scale}


def literal(name: str) -> str:
    r"""A name as a literal of Vega's expressions, which nothing in it can end.

    >>> print(literal("a'b\\c"))
    'a\'b\\c'
    """
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
