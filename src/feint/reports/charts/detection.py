"""ROC and precision-recall curves of detectors, a small panel for each attack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
import numpy.typing as npt

from ..formats import fixed
from ..names import short
from ..pictures import HOVER
from ..report import Figure, Mark, Panel
from .colours import SERIES
from .inline import PERCENT, Array, Json, axis, chart, colour, diagonal, keyed, layer, said, stacked, table

Side = Literal["roc", "pr"]
COLUMNS: Final = 200
"""Of a panel: more than a small one can show apart."""
_SAID: Final[dict[Side, tuple[str, str, str]]] = {
    "roc": ("ROC curves", "false positive rate (%)", "true positive rate (%)"),
    "pr": ("Precision-recall curves", "recall (%)", "precision (%)"),
}


@final
@dataclass(frozen=True, eq=False)
class Detector:
    """A curve: false positive rate or recall, never falling; true positive rate or precision; the area under it."""

    name: str
    x: Array
    y: Array
    area: float


def detection(
    side: Side,
    panels: Sequence[tuple[str, Sequence[Detector]]],
    *,
    name: str = "",
    title: str = "",
    foremost: Sequence[str] = (),
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Curves of all detectors, a panel for each title.

    Precision and recall are drawn in steps, and from recall 0: a line between two thresholds would promise precisions
    that none has (Davis & Goadrich 2006), and the area under steps is the average precision that tables have.

    Files are called "detection-roc" or "detection-pr" unless another name is given; the foremost detectors are drawn
    over the others, the last on top; colours by name, where they mean something.
    """
    names = list(dict.fromkeys(each.name for _, detectors in panels for each in detectors))
    shades = {each: (colours or {}).get(each, SERIES[at % len(SERIES)]) for at, each in enumerate(names)}
    drawn = tuple(Panel(_panel(side, detectors, shades, foremost), head) for head, detectors in panels)
    told = [f"{head}: {', '.join(f'{each.name} {fixed(3)(each.area)}' for each in some)}" for head, some in panels]
    alt = f"{_SAID[side][0]}. Area under each. {'; '.join(told[:12])}{'; …' if len(told) > 12 else ''}."
    legend = tuple(Mark(each, shade, "line") for each, shade in shades.items())
    return Figure(name or f"detection-{side}", title or _SAID[side][0], alt, drawn, legend=legend)


def _panel(side: Side, detectors: Sequence[Detector], shades: dict[str, str], foremost: Sequence[str]) -> Json:
    ranks = {each: at for at, each in enumerate(foremost)}
    layered = sorted(reversed(detectors), key=lambda each: ranks.get(each.name, -1))
    keys = keyed("d", layered)
    found: list[dict[str, list[object]]] = [{"d": [], "x": [], "y": []}]
    for key, each in zip(keys, layered, strict=True):
        keep = thinned(each.x, each.y)
        x, y = 100 * each.x[keep], 100 * each.y[keep]
        if side == "pr" and len(x):
            x, y = np.insert(x, 0, 0.0), np.insert(y, 0, y[0])
        found.append({"d": [key] * len(x), "x": x.tolist(), "y": y.tolist()})
    _, x_title, y_title = _SAID[side]
    places = {
        "x": axis("x", x_title, domain=PERCENT, values=(0, 50, 100)),
        "y": axis("y", y_title, domain=(-1, 101), values=(0, 50, 100)),
    }
    places["color"] = colour("d", keys, [shades[each.name] for each in layered])
    way = {"interpolate": "step-before"} if side == "pr" else {}
    told = [{"d": key, "name": short(each.name), "area": each.area} for key, each in zip(keys, layered, strict=True)]
    known = {"lookup": "d", "from": {"data": {"values": told}, "key": "d", "fields": ["name", "area"]}}
    tooltip = [said("name", "detector"), said("area", "area under it", ".3f")]
    hover = {"name": HOVER, "transform": [known]}
    curves = layer("line", {"strokeWidth": 2, **way}, **places)
    wide = layer("line", {"strokeWidth": 9, "opacity": 0, **way}, rest=hover, **places, tooltip=tooltip)
    layers = [diagonal(PERCENT), curves, wide] if side == "roc" else [curves, wide]
    return chart(layers, height=230, data=table(stacked(found)))


def thinned(across: Array, up: Array) -> npt.NDArray[np.int64]:
    """Which points of a curve to draw: of each column the first, the last, the lowest and the highest.

    No column's range is lost, and what joins two columns is a piece of the whole curve.

    Args:
        across: from 0 to 1, never falling.
        up: at the same points.
    """
    column = np.floor(across * COLUMNS)
    starts = np.flatnonzero(np.diff(column, prepend=-1.0))
    kept: list[int] = []
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(across)], strict=True):
        inside = up[start:stop]
        kept += [start, stop - 1, start + int(inside.argmin()), start + int(inside.argmax())]
    return np.unique(np.array(kept, dtype=np.int64))
