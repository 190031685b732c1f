"""Groups of bars that lie on their side, so that names and values fit on any screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..formats import fixed
from ..names import short
from ..report import Figure, Mark, Panel
from .inline import Json, chart, colour, layer, named, quantity, said, stacked, table


@final
@dataclass(frozen=True)
class Bars:
    """One bar per category; None where there is no such value; with a line from low to high, where a value spreads."""

    name: str
    values: tuple[float | None, ...]
    colour: str
    spread: tuple[tuple[float, float], ...] = ()

    @property
    def mark(self) -> Mark:
        """Its entry in a legend."""
        return Mark(self.name, self.colour)


def bars(
    name: str, title: str, categories: Sequence[str], groups: Sequence[Bars], *, axis: str, format: str = ".1f"
) -> Figure:
    """A figure of a group of bars for each category, from top to bottom, with their values as d3 writes them."""
    keys, places = [f"g{at}" for at in range(len(groups))], [f"c{at}" for at in range(len(categories))]
    rows = [
        (place, key, value, short(category), short(group.name))
        for key, group in zip(keys, groups, strict=True)
        for place, category, value in zip(places, categories, group.values, strict=True)
        if value is not None
    ]
    columns = zip(("c", "g", "value", "category", "group"), zip(*rows, strict=True), strict=True) if rows else ()
    most = max((row[2] for row in rows), default=0.0) or 1.0
    step = 15 if len(groups) * len(categories) <= 40 else 9
    scale = {"domain": [0, 1.2 * most], "nice": False}
    place: Json = {
        "y": named("c", places, categories),
        "yOffset": {"field": "g", "sort": keys, "scale": {"domain": keys, "paddingInner": 0.08}},
        "x": {**quantity("value"), "axis": {"title": axis, "tickCount": 5}, "scale": scale},
    }
    tooltip = [said("category", "for"), said("group", "bar"), said("value", axis, format)]
    shade = colour("g", keys, [group.colour for group in groups])
    beside = {"style": "label", "align": "left", "baseline": "middle", "dx": 4}
    drawn = [layer("bar", **place, color=shade, tooltip=tooltip)]
    if step > 9:
        drawn.append(layer("text", beside, **place, text={**quantity("value"), "format": format}))
    if spreads := [_spread(key, places, group) for key, group in zip(keys, groups, strict=True) if group.spread]:
        data = {"data": table(stacked(spreads))}
        lying = {**place, "x": {**place["x"], "field": "low"}}
        drawn.append(layer("rule", {"strokeWidth": 1.5}, rest=data, **lying, x2="high"))
    height = round(len(categories) * len(groups) * step * 1.35) + 10
    told = [
        f"{category}: {', '.join(f'{group.name} {fixed(1)(group.values[at])}' for group in groups)}"
        for at, category in enumerate(categories)
    ]
    panel = Panel(chart(drawn, height=height, data=table(dict(columns))))
    return Figure(name, title, f"{axis}. {'; '.join(told)}.", (panel,), legend=tuple(group.mark for group in groups))


def _spread(key: str, places: Sequence[str], group: Bars) -> dict[str, list[str | float]]:
    """Lines over a group's bars, as columns."""
    return {
        "c": list(places),
        "g": [key] * len(places),
        "low": [low for low, _ in group.spread],
        "high": [high for _, high in group.spread],
    }
