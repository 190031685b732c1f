"""Charts of one page that share what is chosen: marks of that name stand out in all of them, and images are marked."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from nicegui.element import Element

from feint.app.web.elements import Chart, Selection
from feint.reports.names import clean
from feint.reports.report import Mark, Panel

KINDS: Final = ("correct", "wrong")
"""Keys of ours that are names as well."""
_FAINT: Final = 0.15
_TEST: Final = (
    "(!length(chosen.keys) || indexof(chosen.keys, datum.{field}) >= 0)"
    " && (!length(chosen.texts) || indexof(chosen.texts, datum.category || datum.label) >= 0)"
)
Json = dict[str, Any]


def linked(spec: Mapping[str, Any]) -> Json:
    """A chart with two things that its page sets while it is shown: what is chosen, and which places are marked.

    Marks have the colour of what they stand for, so that a layer with colours is what can stand out.
    """
    layers = [_emphatic(each) for each in spec["layer"]] if "layer" in spec else []
    if not layers:
        return dict(spec)
    nothing: Json = {"name": "chosen", "value": {"keys": [], "texts": []}}
    return {**spec, "params": [*spec.get("params", ()), nothing], "layer": [*layers, *_marking(spec)]}


def _emphatic(layer: Json) -> Json:
    """A layer, faint where something else is chosen."""
    if "layer" in layer:
        return {**layer, "layer": [_emphatic(each) for each in layer["layer"]]}
    field, usual = _coloured(layer), layer["mark"].get("opacity", 1)
    if not field or not usual or "opacity" in layer["encoding"]:
        return layer
    shown = {"condition": {"test": _TEST.format(field=field), "value": usual}, "value": _FAINT * usual}
    return {**layer, "encoding": {**layer["encoding"], "opacity": shown}}


def _coloured(layer: Mapping[str, Any]) -> str:
    """The column that a layer's colours go by."""
    return str(layer.get("encoding", {}).get("color", {}).get("field", ""))


def _layers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for layer in spec.get("layer", ()):
        yield from _layers(layer) if "layer" in layer else (layer,)


def _marking(spec: Mapping[str, Any]) -> list[Json]:
    """Layers of places: a line where only x is known, a ring where y is too; none where an axis has names on it."""
    nothing: Json = {}
    axes: Json = next((each["encoding"] for each in _layers(spec) if {"x", "y"} <= each["encoding"].keys()), nothing)
    if any(axes.get(way, nothing).get("type") != "quantitative" for way in ("x", "y")):
        return []
    place: Json = {way: {**axes[way], "field": way} for way in ("x", "y")}
    line: Json = {"type": "rule", "strokeWidth": 1.5, "strokeDash": [2, 2], "tooltip": None}
    found = [_marked(line, {"x": place["x"]}, "!isValid(datum.y)")]
    if "resolve" not in spec:  # then there is one vertical axis
        for stroke, width in (("white", 4), ("black", 2)):
            ring: Json = {"type": "point", "size": 190, "opacity": 1, "stroke": stroke, "strokeWidth": width}
            found.append(_marked({**ring, "tooltip": None}, place, "isValid(datum.y)"))
    return found


def _marked(mark: Json, place: Json, which: str) -> Json:
    data = {"name": "marked", "values": list[Any]()}
    return {"data": data, "transform": [{"filter": which}], "mark": mark, "encoding": place}


@final
@dataclass(frozen=True, eq=False)
class _Shown:
    """A chart on the page.

    Attributes:
        figure: the name of its figure.
        title: of its panel.
        chart: the element.
        box: what stands around it, where it is one of several.
        keys: names of its series -> their keys in the column that its colours go by.
        texts: names of its categories and points.
    """

    figure: str
    title: str
    chart: Chart
    box: Element | None
    keys: Mapping[str, Sequence[str]]
    texts: frozenset[str]


@final
class Linked:
    """The charts of a page."""

    def __init__(self) -> None:
        self._selection = Selection()
        self._charts: dict[int, _Shown] = {}

    def clear(self) -> None:
        """Forget charts that are no more."""
        self._charts.clear()

    def add(
        self, figure: str, panel: Panel, chart: Chart, *, legend: Iterable[Any] = (), box: Element | None = None
    ) -> None:
        """Take a chart in, or another one in its place."""
        keys = names_of(panel, legend)
        texts = frozenset(_texts(panel.chart))
        self._charts[chart.id] = _Shown(figure, clean(panel.title), chart, box, keys, texts)

    @property
    def names(self) -> list[str]:
        """What more than one chart knows, in the order in which it comes."""
        counts: dict[str, int] = {}
        for each in self._charts.values():
            for name in (*each.keys, *sorted(each.texts), *([each.title.partition(":")[0]] if each.box else [])):
                counts[name] = counts.get(name, 0) + 1
        return [name for name, count in counts.items() if count > 1 and name not in KINDS]

    def show(self, names: Iterable[str], places: Sequence[Mapping[str, Any]] = ()) -> None:
        """Let what has one of these names stand out, and mark places.

        Args:
            names: nothing of a chart that has none of them changes.
            places: each with the ``figure`` and the ``panel`` that it is on; "" for all panels of the figure.
        """
        wanted, told = set(names), dict[str, dict[str, Any]]()
        for each in self._charts.values():
            here = [{way: place[way] for way in ("x", "y") if way in place} for place in places if _is_on(place, each)]
            told[f"c{each.chart.id}"] = {
                "keys": [key for name, keys in each.keys.items() if name in wanted for key in keys],
                "texts": sorted(wanted & each.texts),
                "places": here,
            }
            if each.box is not None:
                each.box.classes(**{"add" if _is_headed(each.title, wanted) else "remove": "chosen"})
        self._selection.show(told)


def _is_headed(title: str, names: Iterable[str]) -> bool:
    return any(title == name or title.startswith((f"{name}:", f"{name},")) for name in names if name)


def _is_on(place: Mapping[str, Any], shown: _Shown) -> bool:
    on = place["figure"] == shown.figure
    return on and (not place["panel"] or _is_headed(shown.title, [clean(place["panel"])]))


def names_of(panel: Panel, legend: Iterable[Any]) -> dict[str, list[str]]:
    """What the keys of a panel's series stand for: a legend says it of their colours."""
    found: dict[str, list[str]] = {}
    shades: dict[str, list[str]] = {}
    for layer in _layers(panel.chart):
        scale: Json = layer["encoding"]["color"].get("scale", {}) if _coloured(layer) else {}
        for key, shade in zip(scale.get("domain", ()), scale.get("range", ()), strict=False):
            if key not in shades.setdefault(shade, []):
                shades[shade].append(key)
    for mark in (*panel.legend, *legend):
        if isinstance(mark, Mark) and mark.colour in shades:
            found[clean(mark.name)] = shades[mark.colour]
    known = {key for keys in shades.values() for key in keys}
    return found | {name: [name] for name in KINDS if name in known}


def _texts(spec: Mapping[str, Any]) -> Iterator[str]:
    """Names of a chart's categories or points."""
    content = spec.get("data", {}).get("values", "")
    if isinstance(content, str) and re.match(r"[^\n]*\b(category|label)\b", content):
        for row in csv.DictReader(io.StringIO(content)):
            yield row.get("category") or row.get("label") or ""


def nearest(panel: Panel, datum: Mapping[str, Any]) -> dict[str, Any]:
    """What was clicked, with the solid curve nearest to it as its ``series``, where a place has several."""
    up, keys = datum.get("up"), [key for key in datum if re.fullmatch(r"s\d+", key)]
    solid: dict[str, str] = {}
    for key in keys:
        at = int(key[1:])
        if at < len(panel.legend) and isinstance(mark := panel.legend[at], Mark) and mark.shape != "dash":
            solid[key] = mark.name
    near = [key for key in solid if isinstance(datum[key], int | float)]
    if not isinstance(up, int | float) or not near:
        return dict(datum)
    return {**datum, "series": solid[min(near, key=lambda key: abs(datum[key] - up))]}
