"""How values are spread: histograms laid over each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from ..names import short
from ..report import Mark, Panel
from .inline import Json, axis, chart, colour, said, table

Array = npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one kind.

    Attributes:
        name: of the kind.
        values: in any order.
        colour: "#rrggbb".
        outlined: whether its histogram is a line over the filled ones.
    """

    name: str
    values: Array
    colour: str
    outlined: bool = False

    @property
    def mark(self) -> Mark:
        """Its entry in a legend."""
        return Mark(self.name, self.colour, "line" if self.outlined else "square")


def histograms(samples: Sequence[Sample], *, x_title: str, y_title: str, bins: int = 50, title: str = "") -> Panel:
    """Histograms over the same bins, each in percent of its own values.

    The last bin takes in everything above the 99.9 % quantile, so that a few large values do not push all to the left.
    """
    top = max(float(np.quantile(sample.values, 0.999)) for sample in samples)
    bottom = min(0.0, *(float(sample.values.min()) for sample in samples))
    edges = np.linspace(bottom, top if top > bottom else bottom + 1, bins + 1)
    keys = [f"k{at}" for at in range(len(samples))]
    columns: dict[str, list[Any]] = {"k": [], "low": [], "high": [], "share": [], "name": []}
    for key, sample in zip(keys, samples, strict=True):
        counts = np.histogram(sample.values.clip(edges[0], edges[-1]), edges)[0]
        columns["k"] += [key] * bins
        columns["low"] += edges[:-1].tolist()
        columns["high"] += edges[1:].tolist()
        columns["share"] += (100 * counts / max(len(sample.values), 1)).tolist()
        columns["name"] += [short(sample.name)] * bins
    across = axis("low", x_title, domain=(float(edges[0]), float(edges[-1])))
    shade = colour("k", keys, [sample.colour for sample in samples])
    up = axis("share", y_title)
    told = [said("name", "kind"), said("low", "from", ".3~g"), said("high", "to", ".3~g"), said("share", "%", ".2f")]
    layers: list[Json] = []
    for outlined in (False, True):
        chosen = [key for key, sample in zip(keys, samples, strict=True) if sample.outlined is outlined]
        mark: Json = {"type": "rect", "opacity": 0.5}
        encoding: Json = {"x": across, "y": up, "color": shade, "tooltip": told}
        if outlined:
            mark = {"type": "line", "interpolate": "step-after", "strokeWidth": 1.8, "tooltip": None}
        else:
            encoding |= {"x2": {"field": "high"}, "y2": {"datum": 0}}
        if chosen:
            picked = {"filter": {"field": "k", "oneOf": chosen}}
            layers.append({"transform": [picked], "mark": mark, "encoding": encoding})
    return Panel(chart(layers, height=250, data=table(columns)), title)
