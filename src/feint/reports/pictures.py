"""Figures and picture blocks as SVG, PNG and PDF, without a browser or a network: panels are drawn by vl-convert."""

import re
import textwrap
from collections.abc import Mapping
from functools import partial
from html import escape
from importlib import import_module
from typing import Any, Final, Literal, final
from weakref import WeakKeyDictionary

from feint.errors import InputError

from .images import data_uri, mosaic, png
from .names import clean, short
from .report import Figure, Mark, Panel, Picture, Pictures, Ramp, Report
from .theme import LIGHT, between, theme

Kind = Literal["png", "svg", "pdf"]
HOVER: Final = "hover"
"""The name of a chart's layer that only answers to a pointer; still pictures leave it out."""
_WIDTH: Final = 760
_AXIS: Final = 64
_SCALE: Final = 1.5
_ROOM: Final = 12
_LINE: Final = 17
_LETTER: Final = 6.3  # pixels, on average
_SHAPES: Final = {
    "square": '<rect y="-5" width="10" height="10" rx="2" fill="{}"/>',
    "point": '<circle cx="5" r="5" fill="{}"/>',
    "line": '<rect y="-1" width="14" height="2.5" fill="{}"/>',
    "dash": '<path d="M0,0H14" stroke="{}" stroke-width="2" stroke-dasharray="5 3"/>',
}
_convert: Final = partial(import_module, "vl_convert")
_drawn: "WeakKeyDictionary[Figure | Pictures, str]" = WeakKeyDictionary()


def pictures(report: Report, kind: Kind = "png") -> dict[str, bytes]:
    """All figures and picture blocks of a report, by the names of their files, such as "risk_coverage.png"."""
    return {
        f"{block.name}.{kind}": render(block, kind)
        for block in report.blocks()
        if isinstance(block, Figure) or (isinstance(block, Pictures) and block.items)
    }


def render(block: Figure | Pictures, kind: Kind = "png") -> bytes:
    """One of them, with its title, legend and all panels."""
    if kind == "svg":
        return svg(block).encode()
    convert = _convert()
    return convert.svg_to_pdf(svg(block)) if kind == "pdf" else convert.svg_to_png(svg(block), scale=_SCALE)


@final
class Shown:
    """A figure or pictures as a notebook shows them; as text, what they show in words."""

    def __init__(self, block: Figure | Pictures) -> None:
        self.block = block

    def __repr__(self) -> str:
        return self.block.alt if isinstance(self.block, Figure) else self.block.title

    def _repr_png_(self) -> bytes:
        return render(self.block)


def svg(block: Figure | Pictures) -> str:
    """A figure as SVG; drawn once, however often it is asked for.

    Raises:
        InputError: Vega-Lite cannot draw it.
    """
    if block not in _drawn:
        if isinstance(block, Pictures):
            return _drawn.setdefault(block, _sheet(block))
        try:
            panels: str = _convert().vegalite_to_svg(still(block), allowed_base_urls=[])
        except ValueError as error:
            reason = short(str(error), 300)
            raise InputError(f"figure {block.name}: expected charts of Vega-Lite, got: {reason}") from error
        size = re.search(r'width="([\d.]+)" height="([\d.]+)"', panels)
        width, height = (float(size[1]), float(size[2])) if size else (_WIDTH, _WIDTH)
        drawn = re.sub(r"^<svg [^>]*>", "", panels).removesuffix("</svg>")  # one inside another is slow to paint
        marks, top = legend(block.legend, width - 2 * _ROOM)
        inside = f'<g transform="translate({_ROOM} 48)">{marks}</g><g transform="translate(0 {36 + top})">{drawn}</g>'
        _drawn[block] = _framed(block.title, inside, width, 36 + top + height)
    return _drawn[block]


def _framed(title: str, inside: str, width: int | float, height: int | float) -> str:
    """A picture on a card, under its title."""
    head = _said(title, _ROOM, 22.0, width - 2 * _ROOM, 'font-size="15" font-weight="600"')
    font, size = escape(theme()["font"]), f'width="{width:g}" height="{height:g}"'
    card = f'<rect {size} fill="{LIGHT["--card"]}"/>'
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {names} {size} font-family="{font}" font-size="11.5">{card}{head}{inside}</svg>'


def _said(text: str, x: int | float, y: int | float, room: int | float, look: str = "", shade: str = "--ink") -> str:
    """A line of text, cut where there is no more room."""
    said = escape(short(text, max(4, int(room / _LETTER))))
    return f'<text x="{x:g}" y="{y:g}" fill="{LIGHT[shade]}" {look}>{said}</text>'


def still(figure: Figure) -> dict[str, Any]:
    """A figure's panels in rows, as one specification."""
    count = len(figure.panels)
    columns = count if count <= 3 else 4 if count % 4 == 0 or count > 9 else 3
    width = 640 if count == 1 else max(_WIDTH // columns - _AXIS, 130)
    panels = [_panel(panel, width) for panel in figure.panels]
    apart = {"scale": {"color": "independent"}}  # or the first panel's colours would be those of all
    return {"concat": panels, "columns": columns, "spacing": 22, "resolve": apart, "config": {**theme(), "aria": False}}


def _panel(panel: Panel, width: int) -> dict[str, Any]:
    """A chart of a width, under its title in at most two lines."""
    chart = _quiet({key: value for key, value in panel.chart.items() if key not in ("usermeta", "params")})
    aspect: Any = panel.chart.get("usermeta", {}).get("aspect")
    lines, most = textwrap.wrap(clean(panel.title), 10 + width // 7), 10 + width // 7
    lines = lines if len(lines) <= 2 else [lines[0], short(" ".join(lines[1:]), most)]
    shape = {"height": round(width / aspect)} if aspect else {}
    return {**chart, "width": width, **shape, **({"title": lines} if lines else {})}


def _quiet(chart: Mapping[str, Any]) -> dict[str, Any]:
    """A chart without what answers to a pointer, for which a picture would be drawn in vain."""
    found = dict(chart)
    if "layer" in found:
        found["layer"] = [_quiet(layer) for layer in found["layer"] if layer.get("name") != HOVER]
    if isinstance(found.get("encoding"), dict):
        found["encoding"] = {name: of for name, of in found["encoding"].items() if name != "tooltip"}
    return found


def legend(marks: tuple[Mark | Ramp, ...], width: int | float) -> tuple[str, int]:
    """A legend as SVG, whose entries go on in the next row where one is full; and how high it is."""
    parts: list[str] = []
    x, y = 0.0, 0
    for mark in marks:
        name = short(mark.name + (f": {mark.low}" if isinstance(mark, Ramp) else ""), 70)
        room = _LETTER * len(name) + 36 + (150 + _LETTER * len(mark.high) if isinstance(mark, Ramp) else 0)
        if x and x + room > width:
            x, y = 0.0, y + 20
        if isinstance(mark, Ramp):
            start = x + _LETTER * len(name) + 8
            shades = [(start + 5 * at, between(mark.colours, at / 23)) for at in range(24)]
            parts += [f'<rect x="{at:g}" y="{y - 5}" width="5.2" height="10" fill="{shade}"/>' for at, shade in shades]
            parts += [_said(name, x, y + 4.0, width), _said(mark.high, start + 128, y + 4.0, width)]
        else:
            parts.append(f'<g transform="translate({x:g} {y})">{_SHAPES[mark.shape].format(mark.colour)}</g>')
            parts.append(_said(name, x + 18, y + 4.0, width))
        x += room
    return "".join(parts), y + 20 if marks else 0


def _sheet(block: Pictures) -> str:
    """All of a block of images, with its titles and labels."""
    side, columns = {"cards": (112, 3), "strip": (72, 1), "mosaic": (480, 2)}[block.layout]
    items = block.items
    if block.layout == "mosaic":
        items = tuple(Picture((mosaic(item.images),), (), item.title, item.lines) for item in items)
    across = max(len(item.images) for item in items)
    columns = max(1, min(9 // across if block.layout == "cards" else columns, len(items)))
    labelled = _LINE if any(item.labels for item in items) else 0
    wide = across * (side + _ROOM)
    high = _LINE + side + labelled + max(len(item.lines) for item in items) * _LINE + _ROOM
    parts: list[str] = []
    for at, item in enumerate(items):
        left, top = _ROOM + at % columns * (wide + _ROOM), 48 + at // columns * high
        parts.append(_said(item.title, left, top, wide))
        for which, image in enumerate(item.images):
            x, times = left + which * (side + _ROOM), side / max(image.shape[:2])
            height, width = (length * (int(times) if times >= 1 else times) for length in image.shape[:2])
            size, drawn = f'width="{width:g}" height="{height:g}"', data_uri(png(image, largest=side))
            parts.append(f'<image x="{x:g}" y="{top + 6:g}" {size} image-rendering="optimizeSpeed" href="{drawn}"/>')
            labels = item.labels[which : which + 1]
            parts += [_said(label, x, top + side + 20, side + _ROOM, shade="--muted") for label in labels]
        for row, line in enumerate(item.lines):
            parts.append(_said(line, left, top + side + 20 + labelled + row * _LINE, wide, shade="--muted"))
    rows = -(-len(items) // columns)
    return _framed(block.title, "".join(parts), columns * (wide + _ROOM) + _ROOM, rows * high + 42)
