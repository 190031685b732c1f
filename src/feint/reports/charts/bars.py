"""Groups of bars that lie on their side, so that names and values fit on any screen."""

from collections.abc import Sequence
from typing import Any

from ..formats import fixed
from ..names import short
from ..report import Figure, Mark, Panel
from .inline import Json, chart, colour, keyed, layer, named, quantity, said, stacked, table


def bars(
    name: str,
    title: str,
    categories: Sequence[str],
    groups: Sequence[tuple[str, Sequence[float | None]]],
    shades: Sequence[str],
    *,
    axis: str,
    times: int | float = 1,
    spreads: Sequence[Sequence[tuple[float, float]]] = (),
) -> Figure:
    """A figure of a group of bars for each category, from top to bottom, with their values.

    Groups have a name, a value per category, None where there is none, and a shade; ``times``: 100 for percent;
    ``spreads``: of each group, from where to where each value spreads, drawn as a line over its bar.
    """
    heads, keys, places = [head for head, _ in groups], keyed("g", groups), keyed("c", categories)
    values = [[None if value is None else times * value for value in found] for _, found in groups]
    rows = [
        (place, key, value, short(category), short(head))
        for key, head, found in zip(keys, heads, values, strict=True)
        for place, category, value in zip(places, categories, found, strict=True)
        if value is not None
    ]
    columns = zip(("c", "g", "value", "category", "group"), zip(*rows, strict=True), strict=True) if rows else ()
    most = max((row[2] for row in rows), default=0.0) or 1.0
    step = 15 if len(groups) * len(categories) <= 40 else 9
    place: Json = {
        "y": named("c", places, categories),
        "yOffset": {"field": "g", "sort": keys, "scale": {"domain": keys, "paddingInner": 0.08}},
        "x": {
            **quantity("value"),
            "axis": {"title": axis, "tickCount": 5},
            "scale": {"domain": [0, 1.2 * most], "nice": False},
        },
    }
    tooltip = [said("category", "for"), said("group", "bar"), said("value", axis, ".1f")]
    drawn = [layer("bar", **place, color=colour("g", keys, shades), tooltip=tooltip)]
    if step > 9:
        beside = {"style": "label", "align": "left", "baseline": "middle", "dx": 4}
        drawn.append(layer("text", beside, **place, text={**quantity("value"), "format": ".1f"}))
    if spreads:
        lying = {**place, "x": {**place["x"], "field": "low"}}
        data = {
            "data": table(stacked(_spread(key, places, found, times) for key, found in zip(keys, spreads, strict=True)))
        }
        drawn.append(layer("rule", {"strokeWidth": 1.5}, rest=data, **lying, x2="high"))
    height = round(len(categories) * len(groups) * step * 1.35) + 10
    told = [
        f"{category}: {', '.join(f'{head} {fixed(1)(found[at])}' for head, found in zip(heads, values, strict=True))}"
        for at, category in enumerate(categories)
    ]
    marks = tuple(Mark(head, shade) for head, shade in zip(heads, shades, strict=True))
    panel = Panel(chart(drawn, height=height, data=table(dict(columns))), legend=marks)
    return Figure.of(name, title, f"{axis}. {'; '.join(told)}.", (panel,))


def _spread(
    key: str, places: Sequence[str], found: Sequence[tuple[float, float]], times: int | float
) -> dict[str, list[Any]]:
    """Lines over a group's bars, as columns."""
    ends: dict[str, list[Any]] = {"low": [times * low for low, _ in found], "high": [times * high for _, high in found]}
    return {"c": list(places), "g": [key] * len(places), **ends}
