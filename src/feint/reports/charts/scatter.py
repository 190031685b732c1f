"""Points, with names where there is room for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np

from ..names import short
from ..report import Mark, Panel
from .colours import REFERENCE, some
from .inline import Array, Ends, Json, axis, chart, colour, diagonal, keyed, layer, said, stacked, table

POINTS: Final = 1500
"""Of a cloud; of more, so many evenly spaced ones are drawn."""
_NAMED, _ROOM = 60, (260.0, 290.0)  # of them; width and height of a chart on a phone, in pixels


@final
@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one kind, with names where they have some."""

    name: str
    x: Array
    y: Array
    colour: str
    labels: tuple[str, ...] = ()


def scatter(
    clouds: Sequence[Cloud],
    *,
    x_title: str,
    y_title: str,
    domain: Ends | None = None,
    x_domain: Ends | None = None,
    log: bool = False,
    fit: bool = False,
    title: str = "",
) -> Panel:
    """Clouds of points.

    Short names, such as digits, stand where the points are; others beside them where a phone has room, and in tooltips.

    The domain is of both axes unless ``x_domain`` is given; logarithmic axes with one come with a dashed line where
    both are equal; ``fit`` draws each cloud's least-squares line.
    """
    keys, parts = keyed("k", clouds), list[Json]()
    for key, cloud in zip(keys, clouds, strict=True):
        chosen = some(len(cloud.x), POINTS)
        labels = [short(cloud.labels[at]) if cloud.labels else "" for at in chosen]
        parts.append({"k": [key] * len(chosen), "x": cloud.x[chosen], "y": cloud.y[chosen], "label": labels})
    columns = stacked(parts)
    named, count = any(columns["label"]), len(columns["label"])
    columns = columns if named else {name: columns[name] for name in "kxy"}
    brief = named and all(len(label) <= 2 for label in columns["label"])
    number, told = ".0e" if log else None, [said("label", "name")] if named else []
    place: Json = {
        "x": axis("x", x_title, domain=x_domain or domain, log=log, format=number),
        "y": axis("y", y_title, domain=domain, log=log, format=number),
        "color": colour("k", keys, [cloud.colour for cloud in clouds]),
    }
    tooltip: Json = {"tooltip": [*told, said("x", x_title, ".3~g"), said("y", y_title, ".3~g")]} if count <= 300 else {}
    look: Json = {"size": 190, "opacity": 0.35} if brief else {"size": 45, "opacity": 0.9}
    look = {"size": 9, "opacity": 0.45} if count > 300 and not brief else look
    layers: list[Json] = []
    legend = [Mark(cloud.name, cloud.colour, "point") for cloud in clouds]
    if log and domain:
        legend.append(Mark("equal", REFERENCE, "dash"))
        across = x_domain or domain
        layers.append(diagonal((max(domain[0], across[0]), min(domain[1], across[1]))))
    if fit:
        layers.append(layer("line", {"strokeWidth": 1.3, "opacity": 0.6}, rest=_fits(clouds, keys), **place))
    layers.append(layer("circle", look, **place, **tooltip))
    ways = {name: place[name] for name in "xy"}
    if brief:
        layers.append(layer("text", {"fontWeight": "bold", "fontSize": 11}, **ways, text="label"))
    elif named and count <= _NAMED:
        columns |= _beside(columns, x_domain or domain, domain)
        for side, way in (("left", -6), ("right", 6)):  # where a name begins
            look = {"align": "right" if way < 0 else "left", "dx": way, "fontSize": 10}
            layers.append(layer("text", look, **ways, text=side))
    return Panel(chart(layers, height=340, data=table(columns)), title, tuple(legend))


def _beside(columns: Mapping[str, Sequence[Any]], *domains: Ends | None) -> dict[str, list[str]]:
    """Names to the left or the right of their points, cut to what can be read; empty where they would cover another."""
    places: list[Array] = []
    for way, room, domain in zip("xy", _ROOM, domains, strict=True):
        low, high = domain or (min(columns[way]), max(columns[way]))
        places.append(room * (np.array(columns[way]) - low) / ((high - low) or 1.0))
    taken = [(x - 3, x + 3, y) for x, y in zip(*places, strict=True)]
    found: list[tuple[str, str]] = []
    for x, y, label in zip(*places, columns["label"], strict=True):
        name, wide = short(label, 26), 5.6 * min(len(label), 26)  # of letters of 10 pixels
        for side, start, end in (("right", x + 6, x + 6 + wide), ("left", x - 6 - wide, x - 6), ("", x, x)):
            inside = start >= 0 and end <= _ROOM[0]
            if not side or (inside and all(end < a or b < start or abs(y - up) > 10 for a, b, up in taken)):
                taken.append((start, end, y))
                break
        found.append((side, name))
    return {way: [name if side == way else "" for side, name in found] for way in ("left", "right")}


def _fits(clouds: Sequence[Cloud], keys: Sequence[str]) -> Json:
    rows: list[Json] = []
    for key, cloud in zip(keys, clouds, strict=True):
        if len(cloud.x) > 2 and np.ptp(cloud.x) > 0:
            slope, height = np.polyfit(cloud.x, cloud.y, 1)
            ends = (float(cloud.x.min()), float(cloud.x.max()))
            rows += [{"k": key, "x": end, "y": float(height + slope * end)} for end in ends]
    return {"data": {"values": rows}}
