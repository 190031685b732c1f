"""Figures as PNG, SVG and PDF through vl-convert, without a browser or a network; picture blocks through Pillow."""

import io
import textwrap
from html import escape
from typing import Any, Final, Literal, final
from weakref import WeakKeyDictionary

from feint.errors import InputError

from .images import data_uri, sheet
from .names import clean, short
from .report import Figure, Mark, Panel, Pictures, Ramp, Report
from .theme import between, theme

Kind = Literal["png", "svg", "pdf"]
HOVER: Final = "hover"
"""The name of a chart's layer that only answers to a pointer; still pictures leave it out."""
_WIDTH: Final = 760
_AXIS: Final = 64
_SCALE: Final = 1.5
_SHAPES: Final = {
    "square": "square",
    "point": "circle",
    "line": "M-1,-.16H1V.16H-1Z",
    "dash": "M-1,-.16H-.2V.16H-1ZM.2,-.16H1V.16H.2Z",
}
_drawn: "WeakKeyDictionary[Figure, str]" = WeakKeyDictionary()


def pictures(report: Report, kind: Kind = "png") -> dict[str, bytes]:
    """All figures and picture blocks of a report, by the names of their files, such as "risk_coverage.png"."""
    return {
        f"{block.name}.{kind}": render(block, kind)
        for block in report.blocks()
        if isinstance(block, Figure) or (isinstance(block, Pictures) and block.items)
    }


def render(block: Figure | Pictures, kind: Kind = "png") -> bytes:
    """One of them, with its title, legend and all panels."""
    if isinstance(block, Pictures):
        return _sheet(block, kind)
    if kind == "svg":
        return svg(block).encode()
    convert = _convert()
    return convert.svg_to_pdf(svg(block)) if kind == "pdf" else convert.svg_to_png(svg(block), scale=_SCALE)


@final
class Shown:
    """A figure or pictures as a notebook shows them; as text, what they show in words.

    Args:
        block: which.
    """

    def __init__(self, block: Figure | Pictures) -> None:
        self.block = block

    def __repr__(self) -> str:
        return self.block.alt if isinstance(self.block, Figure) else self.block.title

    def _repr_png_(self) -> bytes:
        return render(self.block)


def _convert() -> Any:
    import vl_convert

    return vl_convert


def svg(figure: Figure) -> str:
    """A figure as SVG; drawn once, however often it is asked for.

    Raises:
        InputError: Vega-Lite cannot draw it.
    """
    if figure not in _drawn:
        try:
            _drawn[figure] = _convert().vegalite_to_svg(still(figure), allowed_base_urls=[])
        except ValueError as error:
            reason = short(str(error), 300)
            raise InputError(f"figure {figure.name}: expected charts of Vega-Lite, got: {reason}") from error
    return _drawn[figure]


def still(figure: Figure) -> dict[str, Any]:
    """A figure as one specification: its title, its legend, and its panels in rows."""
    count = len(figure.panels)
    columns = count if count <= 3 else 4 if count % 4 == 0 or count > 9 else 3
    width = 640 if count == 1 else max(_WIDTH // columns - _AXIS, 130)
    panels = {"concat": [_panel(panel, width) for panel in figure.panels], "columns": columns, "spacing": 22}
    rows: list[dict[str, Any]] = [panels]
    if figure.legend:
        rows.insert(0, legend(figure.legend, 640 if count == 1 else _WIDTH - 20))
    title = {"text": short(figure.title, 110), "fontSize": 15, "offset": 14}
    return {"vconcat": rows, "spacing": 14, "title": title, "config": theme()}


def _panel(panel: Panel, width: int) -> dict[str, Any]:
    chart = {key: value for key, value in panel.chart.items() if key not in ("usermeta", "params")}
    if "layer" in chart:
        chart["layer"] = [layer for layer in chart["layer"] if layer.get("name") != HOVER]
    aspect: Any = panel.chart.get("usermeta", {}).get("aspect")
    shape = {"width": width, "height": round(width / aspect)} if aspect else {"width": width}
    return {**chart, **shape, **({"title": _wrapped(panel.title, 10 + width // 7)} if panel.title else {})}


def _wrapped(title: str, most: int) -> list[str]:
    """A title in at most two lines."""
    lines = textwrap.wrap(clean(title), most)
    return lines if len(lines) <= 2 else [lines[0], short(" ".join(lines[1:]), most)]


def legend(marks: tuple[Mark | Ramp, ...], width: int) -> dict[str, Any]:
    """A legend as a chart of its own, whose entries go on in the next row where one is full."""
    symbols: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    x, y = 0.0, 0

    def say(text: str, at: float) -> float:
        texts.append({"x": at, "y": y, "text": text})
        return at + 6.3 * len(text)

    for mark in marks:
        name = short(mark.name, 70)
        room = 6.3 * len(name) + (260 if isinstance(mark, Ramp) else 34)
        if x and x + room > width:
            x, y = 0.0, y + 1
        if isinstance(mark, Ramp):
            x = say(f"{name}: {mark.low}", x) + 8
            shades = [between(mark.colours, at / 23) for at in range(24)]
            symbols += [{"x": x + 5 * at, "y": y, "fill": each, "shape": "square"} for at, each in enumerate(shades)]
            x = say(mark.high, x + 130) + 20
        else:
            symbols.append({"x": x + 6, "y": y, "fill": mark.colour, "shape": _SHAPES[mark.shape]})
            x = say(name, x + 18) + 18

    def layer(values: list[dict[str, Any]], mark: dict[str, Any], *channels: str) -> dict[str, Any]:
        ends = {"x": [0, width], "y": [y + 0.5, -0.5]}
        place: dict[str, Any] = {
            way: {"field": way, "type": "quantitative", "axis": None, "scale": {"domain": end, "nice": False}}
            for way, end in ends.items()
        }
        look = {name: {"field": name, "type": "nominal", "scale": None} for name in channels}
        return {"data": {"values": values}, "mark": mark, "encoding": {**place, **look}}

    points = {"type": "point", "filled": True, "size": 110, "opacity": 1, "strokeWidth": 0}
    names = {"type": "text", "align": "left", "baseline": "middle", "fontSize": 11.5}
    layers = [layer(symbols, points, "fill", "shape"), layer(texts, names, "text")]
    del layers[1]["encoding"]["text"]["scale"]
    return {"width": width, "height": 20 * (y + 1), "layer": layers}


def _sheet(block: Pictures, kind: Kind) -> bytes:
    page = sheet(block)
    file = io.BytesIO()
    page.save(file, "PDF" if kind == "pdf" else "PNG")
    if kind != "svg":
        return file.getvalue()
    around = f'width="{page.width}" height="{page.height}"'
    title, image = escape(short(block.title, 200)), data_uri(file.getvalue())
    inside = f'<title>{title}</title><image {around} href="{image}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {around}>{inside}</svg>'.encode()
