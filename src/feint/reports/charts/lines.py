"""Curves over common places, with a rule to read them all at once; among them those of a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..formats import percent, significant
from ..pictures import HOVER
from ..report import Figure, Mark, Panel
from .colours import ATTACKED, CLEAN, MOST, REFERENCE, some
from .inline import DASHED, POINTS, Array, Ends, Json, axis, chart, colour, keyed, layer, quantity, said, table

_SHADES = {"training": CLEAN, "validation": ATTACKED[1]}
By = Mapping[str, Sequence[float | None]]
"""One value per epoch of "training" and "validation"; None where there is none."""


@final
@dataclass(frozen=True, eq=False)
class Line:
    """A curve, NaN where it has no value; dashed to be compared with; with a band around it, such as quartiles."""

    name: str
    y: Array
    colour: str
    dashed: bool = False
    band: tuple[Array, Array] | None = None

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
    dots: bool = False,
    height: int = 340,
    title: str = "",
) -> Panel:
    """Curves over the same places; the first are drawn over the later ones.

    Places rise; a domain that is left out is as wide as the data; the band is a shaded area between two curves, such as
    everything possible; the format is d3's, for tooltips; dots mark places where there are few.
    """
    keep = some(len(x), POINTS if len(series) <= 12 else POINTS // 2)
    keys = keyed("s", series)
    columns: dict[str, Any] = {"x": x[keep], **{key: line.y[keep] for key, line in zip(keys, series, strict=True)}}
    places = {"x": axis("x", x_title, domain=x_domain), "y": axis("y", y_title, domain=y_domain)}
    places["x"]["axis"]["tickCount"] = min(5, max(1, int(np.ptp(x)))) if (x == np.rint(x)).all() else 5
    layers: list[Json] = []
    bands = [("all", band, REFERENCE, 0.12)] if band else []
    bands += [(key, line.band, line.colour, 0.15) for key, line in zip(keys, series, strict=True) if line.band]
    for key, (low, high), shade, opacity in bands:
        columns |= {f"{key}l": low[keep], f"{key}h": high[keep]}
        up = {**places["y"], "field": f"{key}l"}
        layers.append(layer("area", {"color": shade, "opacity": opacity}, x=places["x"], y=up, y2=f"{key}h"))
    shades = colour("series", keys, [line.colour for line in series])
    for dashed in (True, False):
        chosen = [key for key, line in zip(keys, series, strict=True) if line.dashed is dashed][::-1]
        look = {name: DASHED[name] for name in ("strokeDash", "strokeWidth")} if dashed else {"point": dots}
        look |= {"strokeWidth": 1.2} if len(chosen) > 12 else {}
        if chosen:
            fold = {"transform": [{"fold": chosen, "as": ["series", "y"]}]}
            layers.append(layer("line", look, rest=fold, **places, color=shades))
    # A rule at the place nearest to the pointer, and the values of curves there.
    told = [said("x", x_title, format), *(said(keys[at], series[at].name, format) for at in some(len(keys), MOST + 3))]
    select = {"type": "point", "fields": ["x"], "nearest": True, "on": "pointermove", "clear": "pointerout"}
    shown = {"condition": {"param": "place", "value": 0.6, "empty": False}, "value": 0}
    rest = {"name": HOVER, "params": [{"name": "place", "select": select}]}
    layers.append(layer("rule", {"strokeWidth": 1}, rest=rest, x=quantity("x"), opacity=shown, tooltip=told))
    return Panel(chart(layers, height=height, data=table(columns)), title, tuple(line.mark for line in series))


def over(grid: Array, x: Array, y: Array) -> Array:
    """A curve's values at other places, by straight lines; NaN beyond its ends."""
    return np.interp(grid, x, y, left=np.nan, right=np.nan)


def training(losses: By, accuracies: By, *, best: int | None = None, name: str = "training", title: str = "") -> Figure:
    """Loss in nats, and accuracy where it is known, by epoch; ``best`` is the one that the weights are from."""
    panels: list[Panel] = []
    for found, times, y_title in ((losses, 1, "loss (nats)"), (accuracies, 100, "accuracy (%)")):
        series = {kind: times * np.array(values, dtype=np.float64) for kind, values in found.items()}
        drawn = [Line(kind, by, _SHADES.get(kind, ATTACKED[2])) for kind, by in series.items() if np.isfinite(by).any()]
        if drawn:
            epochs = np.arange(1, len(drawn[0].y) + 1, dtype=np.float64)
            panels.append(lines(epochs, drawn, x_title="epoch", y_title=y_title, dots=len(epochs) <= 40, height=280))
    last = [f"{kind} loss {significant(3)(values[-1])}" for kind, values in losses.items() if values]
    last += [f"{kind} accuracy {percent(1)(values[-1])} %" for kind, values in accuracies.items() if values]
    caption = "" if best is None else f"The weights are those after epoch {best}."
    return Figure.of(name, title or "Epoch by epoch", f"In the last epoch: {', '.join(last)}.", panels, caption)
