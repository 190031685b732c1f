"""Groups of bars that lie on their side, so that names and values fit on any screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..names import short
from ..report import Mark, Panel
from .inline import chart, colour, named, said, table


@final
@dataclass(frozen=True)
class Bars:
    """One bar per category; None where there is no such value."""

    name: str
    values: tuple[float | None, ...]
    colour: str

    @property
    def mark(self) -> Mark:
        """Its entry in a legend."""
        return Mark(self.name, self.colour)


def bars(
    categories: Sequence[str],
    groups: Sequence[Bars],
    *,
    title: str,
    format: str = ".1f",
    category_title: str = "",
    panel_title: str = "",
) -> Panel:
    """A group of bars for each category, with their values.

    Args:
        categories: from top to bottom.
        groups: the bars of each, from top to bottom.
        title: of the values.
        format: how values are written (of d3).
        category_title: what categories are.
        panel_title: above it all.
    """
    keys = [f"g{at}" for at in range(len(groups))]
    places = [f"c{at}" for at in range(len(categories))]
    rows = [
        (place, key, value, short(category), short(group.name))
        for key, group in zip(keys, groups, strict=True)
        for place, category, value in zip(places, categories, group.values, strict=True)
        if value is not None
    ]
    data = table(
        dict(zip(("c", "g", "value", "category", "group"), zip(*rows, strict=True), strict=True)) if rows else {}
    )
    most = max((row[2] for row in rows), default=0.0) or 1.0
    step = 15 if len(groups) * len(categories) <= 40 else 9
    place = {
        "y": named("c", places, categories, category_title),
        "yOffset": {"field": "g", "sort": keys, "scale": {"domain": keys, "paddingInner": 0.08}},
        "x": {
            "field": "value",
            "type": "quantitative",
            "axis": {"title": title, "tickCount": 5},
            "scale": {"domain": [0, 1.1 * most], "nice": False},
        },
    }
    tooltip = [said("category", category_title or "for"), said("group", "bar"), said("value", title, format)]
    drawn = {
        "mark": {"type": "bar"},
        "encoding": {**place, "color": colour("g", keys, [group.colour for group in groups]), "tooltip": tooltip},
    }
    written = {
        "mark": {"type": "text", "style": "label", "align": "left", "baseline": "middle", "dx": 4, "tooltip": None},
        "encoding": {**place, "text": {"field": "value", "type": "quantitative", "format": format}},
    }
    height = round(len(categories) * len(groups) * step * 1.35) + 10
    return Panel(chart([drawn, written] if step > 9 else [drawn], height=height, data=data), panel_title)
