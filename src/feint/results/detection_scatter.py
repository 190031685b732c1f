"""Points with names, a panel for each group: confidence against accuracy, by class."""

import io
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .figures import ATTACKED, CLEAN, REFERENCE

_INK, _MUTED, _GRID = "#1f2430", "#5b6372", "#e3e6eb"
_SHADES = (CLEAN, *ATTACKED, REFERENCE)


@final
@dataclass(frozen=True)
class Cloud:
    """Points of one kind in one panel.

    Attributes:
        panel: which panel.
        kind: what they are called in the legend.
        names: of the points.
        x: across.
        y: up.
    """

    panel: str
    kind: str
    names: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]


def _points(axes: Any, cloud: Cloud, shade: str) -> None:
    """Short names, such as digits, stand where the points are; others beside them."""
    short = all(len(name) <= 2 for name in cloud.names)
    axes.scatter(cloud.x, cloud.y, s=110 if short else 26, color=shade, alpha=0.2 if short else 1, linewidths=0)
    for name, x, y in zip(cloud.names, cloud.x, cloud.y, strict=True):
        if short:
            axes.annotate(name, (x, y), ha="center", va="center", fontsize=8, fontweight="bold", color=shade)
        else:
            axes.annotate(name, (x, y), xytext=(4, 2), textcoords="offset points", fontsize=7, color=_MUTED)


def scatter(title: str, x_title: str, y_title: str, clouds: tuple[Cloud, ...]) -> bytes:
    """All panels as one PNG, on the same axes, with each cloud's least-squares line."""
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys(cloud.panel for cloud in clouds))
    kinds = list(dict.fromkeys(cloud.kind for cloud in clouds))
    page: Any = Figure(figsize=(3.6 * len(panels) + 0.6, 5), dpi=110, layout="constrained", facecolor="white")
    grid = page.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    drawn: dict[str, Any] = {}
    for cloud in clouds:
        axes = grid[panels.index(cloud.panel)]
        shade = _SHADES[kinds.index(cloud.kind) % len(_SHADES)]
        _points(axes, cloud, shade)
        drawn[cloud.kind] = axes.scatter([], [], s=36, color=shade)
        if len(cloud.x) > 2 and np.ptp(cloud.x) > 0:
            slope, height = np.polyfit(cloud.x, cloud.y, 1)
            ends = np.array([min(cloud.x), max(cloud.x)])
            axes.plot(ends, height + slope * ends, color=shade, linewidth=1.2, alpha=0.6)
    for axes, panel in zip(grid, panels, strict=True):
        axes.set_title(panel, fontsize=9, color=_INK)
        axes.set_xlabel(x_title, color=_MUTED, fontsize=8)
        axes.tick_params(colors=_MUTED, labelsize=8, length=0)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
    grid[0].set_ylabel(y_title, color=_MUTED, fontsize=8)
    page.suptitle(title, x=0.01, ha="left", color=_INK, fontsize=12, fontweight="bold")
    page.legend(
        list(drawn.values()), list(drawn), loc="outside lower center", ncols=3 * len(panels), frameon=False, fontsize=9
    )
    file = io.BytesIO()
    page.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
