"""Groups of bars that lie on their side, so that names and values fit on any screen."""

from collections.abc import Sequence

from ..formats import fixed
from ..names import short
from ..report import Figure, Mark, Panel
from .inline import QUARTERS, Json, chart, colour, keyed, layer, named, quantity, said, stacked, table


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
    columns = stacked(
        {"c": [places[at]], "g": [key], "value": [value], "category": [short(categories[at])], "group": [short(head)]}
        | ({"low": [times * spreads[group][at][0]], "high": [times * spreads[group][at][1]]} if spreads else {})
        for group, (key, head) in enumerate(zip(keys, heads, strict=True))
        for at, value in enumerate(values[group])
        if value is not None
    )
    most = max(columns.get("value", ()), default=0.0) or 1.0
    step = 15 if len(groups) * len(categories) <= 40 else 9
    place: Json = {
        "y": named("c", places, categories),
        "yOffset": {"field": "g", "sort": keys, "scale": {"domain": keys, "paddingInner": 0.08}},
        "x": {
            **quantity("value"),
            "axis": {"title": axis, "tickCount": 5, **({"values": QUARTERS} if times == 100 and most > 80 else {})},
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
        drawn.append(layer("rule", {"strokeWidth": 1.5}, **lying, x2="high"))
    height = round(len(categories) * len(groups) * step * 1.35) + 10
    told = [
        f"{category}: {', '.join(f'{head} {fixed(1)(found[at])}' for head, found in zip(heads, values, strict=True))}"
        for at, category in enumerate(categories)
    ]
    marks = tuple(Mark(head, shade) for head, shade in zip(heads, shades, strict=True))
    panel = Panel(chart(drawn, height=height, data=table(columns)), legend=marks)
    return Figure.of(name, title, f"{axis}. {'; '.join(told)}.", (panel,))
