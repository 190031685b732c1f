"""How values are spread: histograms laid over each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from ..names import short
from ..report import Mark, Panel
from .inline import Array, Json, axis, chart, colour, keyed, layer, said, stacked, table


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one kind, in any order; outlined: a line over the filled ones."""

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
    keys = keyed("k", samples)
    counts = [np.histogram(sample.values.clip(edges[0], edges[-1]), edges)[0] for sample in samples]
    columns = stacked(
        {
            "k": [key] * bins,
            "low": edges[:-1],
            "high": edges[1:],
            "share": 100 * count / max(len(sample.values), 1),
            "name": [short(sample.name)] * bins,
        }
        for key, sample, count in zip(keys, samples, counts, strict=True)
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
    return Panel(chart(layers, height=250, data=table(columns)), title, tuple(sample.mark for sample in samples))
