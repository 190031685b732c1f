"""Points, with names where they are few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from ..names import short
from ..report import Mark, Panel
from .colours import some
from .inline import Ends, Json, axis, chart, colour, diagonal, said, table

Array = npt.NDArray[Any]
POINTS: Final = 1500
"""Of a cloud; of more, so many evenly spaced ones are drawn."""
_NAMED: Final = 60


@final
@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one kind.

    Attributes:
        name: what they are called in the legend.
        x: across.
        y: up.
        colour: "#rrggbb".
        labels: names of the points; none where they have none.
    """

    name: str
    x: Array
    y: Array
    colour: str
    labels: tuple[str, ...] = ()

    @property
    def mark(self) -> Mark:
        """Its entry in a legend."""
        return Mark(self.name, self.colour, "point")


def scatter(
    clouds: Sequence[Cloud],
    *,
    x_title: str,
    y_title: str,
    domain: Ends | None = None,
    x_domain: Ends | None = None,
    log: bool = False,
    equal: bool = False,
    fit: bool = False,
    format: str = ".3~g",
    title: str = "",
) -> Panel:
    """Clouds of points.

    Short names, such as digits, stand where the points are; others beside them while they are few, and in tooltips.

    Args:
        clouds: those in front last.
        x_title: of the axis.
        y_title: of the axis.
        domain: from where to where, on both axes; left out, as wide as the data.
        x_domain: across, if it differs.
        log: whether both axes are logarithmic.
        equal: a dashed line where x equals y; needs ``domain``.
        fit: each cloud's least-squares line.
        format: how tooltips write values (of d3).
        title: of the panel.
    """
    keep = [some(len(cloud.x), POINTS) for cloud in clouds]
    keys = [f"k{at}" for at in range(len(clouds))]
    named = any(cloud.labels for cloud in clouds)
    columns = {
        "k": [key for key, chosen in zip(keys, keep, strict=True) for _ in chosen],
        "x": np.concatenate([cloud.x[chosen] for cloud, chosen in zip(clouds, keep, strict=True)]),
        "y": np.concatenate([cloud.y[chosen] for cloud, chosen in zip(clouds, keep, strict=True)]),
    }
    if named:
        columns["label"] = [
            short(cloud.labels[at]) if cloud.labels else ""
            for cloud, chosen in zip(clouds, keep, strict=True)
            for at in chosen
        ]
    number = ".0e" if log else None
    place = {
        "x": axis("x", x_title, domain=x_domain or domain, log=log, format=number),
        "y": axis("y", y_title, domain=domain, log=log, format=number),
        "color": colour("k", keys, [cloud.colour for cloud in clouds]),
    }
    brief = named and all(len(label) <= 2 for cloud in clouds for label in cloud.labels)
    few = sum(len(chosen) for chosen in keep) <= _NAMED
    many = sum(len(chosen) for chosen in keep) > 300
    told = [said("label", "name")] if named else []
    look: Json = {"size": 190, "opacity": 0.18} if brief else {"size": 9, "opacity": 0.45} if many else {"size": 45}
    points: Json = {"mark": {"type": "circle", **({"opacity": 0.9} | look)}, "encoding": place}
    if not many:
        points["encoding"] = {**place, "tooltip": [*told, said("x", x_title, format), said("y", y_title, format)]}
    layers: list[Json] = []
    if equal and domain:
        across = x_domain or domain
        layers.append(diagonal((max(domain[0], across[0]), min(domain[1], across[1]))))
    layers += [_fits(clouds, keys, place)] if fit else []
    layers.append(points)
    if named and (brief or few):
        beside = (
            {"fontWeight": "bold", "fontSize": 11} if brief else {"align": "left", "dx": 6, "dy": -2, "fontSize": 10}
        )
        text = {"type": "text", "tooltip": None, **beside}
        layers.append({"mark": text, "encoding": {**place, "text": {"field": "label", "type": "nominal"}}})
    return Panel(chart(layers, height=340, data=table(columns)), title)


def _fits(clouds: Sequence[Cloud], keys: Sequence[str], place: Json) -> Json:
    rows: list[Json] = []
    for key, cloud in zip(keys, clouds, strict=True):
        if len(cloud.x) > 2 and np.ptp(cloud.x) > 0:
            slope, height = np.polyfit(cloud.x, cloud.y, 1)
            ends = (float(cloud.x.min()), float(cloud.x.max()))
            rows += [{"k": key, "x": end, "y": float(height + slope * end)} for end in ends]
    line = {"type": "line", "strokeWidth": 1.3, "opacity": 0.6, "tooltip": None}
    return {"data": {"values": rows}, "mark": line, "encoding": place}
