"""The dress of charts: quiet axes, one typeface, and colours that depend on light or dark."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

LIGHT: Final[Mapping[str, str]] = {"--ink": "#1b2130", "--muted": "#596273", "--grid": "#e6e9ee", "--card": "#ffffff"}
"""The page's colours by name, as pictures have them; in a theme without colours their names stand in their place."""


def theme(colours: Mapping[str, str] | None = LIGHT) -> dict[str, Any]:
    """A Vega-Lite configuration; its style "label" is for text at marks.

    Args:
        colours: those of `LIGHT`; None leaves their names in, which the page replaces by its own as light turns dark.
    """

    def shade(name: str) -> str:
        return name if colours is None else colours[name]

    ink, muted, grid = shade("--ink"), shade("--muted"), shade("--grid")
    return {
        "background": "transparent" if colours is None else shade("--card"),
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
        "padding": 2 if colours is None else 12,
        "view": {"stroke": None},
        "title": {"color": ink, "anchor": "start", "fontSize": 12, "fontWeight": 600, "offset": 8},
        "axis": {
            **{"domain": False, "ticks": False, "gridColor": grid, "labelColor": muted, "titleColor": muted},
            **{"titleFontWeight": "normal", "titleFontSize": 12, "titlePadding": 8},
            **{"labelFontSize": 11, "labelPadding": 6, "labelLimit": 140, "labelSeparation": 8},
        },
        "legend": {"labelColor": ink, "titleColor": muted, "orient": "top", "labelLimit": 260, "symbolLimit": 20},
        "line": {"strokeWidth": 2.2, "strokeJoin": "round"},
        "text": {"color": ink},
        "rule": {"color": muted},
        "style": {"label": {"fill": muted, "fontSize": 10}},
    }


def between(colours: Sequence[str], share: float) -> str:
    """The colour at a share of the way through others.

    >>> between(("#000000", "#204060", "#ffffff"), 0.25)
    '#102030'
    """
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    left = min(int(place), len(colours) - 2)
    low, high = (bytes.fromhex(colours[at][1:]) for at in (left, left + 1))
    return "#" + bytes(round(a + (place - left) * (b - a)) for a, b in zip(low, high, strict=True)).hex()
