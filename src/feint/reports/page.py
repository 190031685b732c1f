"""A report as one HTML file that opens offline and loads nothing; everything given is text, and is escaped here."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any, Final
from urllib.parse import quote

from . import report as r
from .formats import is_text, write
from .images import data_uri, mosaic, pixels, png
from .names import clean, short
from .pictures import render, svg
from .theme import theme
from .vega import scripts

OPEN: Final = 8
"""Cards of a gallery that are open at once."""
FOLDED: Final = 25
"""Rows of a table that show at once; longer ones scroll under their heads."""
_LARGE: Final = 150_000  # bytes of SVG, beyond which PNG stands in if that is smaller
_SMALL: Final = 200  # pixels of an image that is shown with its pixels to be seen


def page(report: r.Report) -> str:
    """The whole report as one HTML document.

    Raises:
        InputError: Vega-Lite cannot draw one of its figures.
    """
    charts: dict[str, Mapping[str, Any]] = {}
    anchors = _anchors(report.sections)
    parts = [_warnings(report.warnings)]
    parts += [_section(section, anchor, charts) for section, anchor in zip(report.sections, anchors, strict=True)]
    if report.glossary:
        parts.append(_glossary(report.glossary))
    links = [(anchor, section.title) for section, anchor in zip(report.sections, anchors, strict=True) if section.title]
    links += [("glossary", "Glossary")] if report.glossary else []
    template = Template((resources.files("feint.reports") / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=_text(report.title),
        headline=_prose(report.headline),
        contents="".join(f'<li><a href="#{anchor}">{_text(short(title, 90))}</a></li>' for anchor, title in links),
        body="\n".join(part for part in parts if part),
        theme=_json(theme(None)),
        charts="\n".join(
            f'<script type="application/json" data-chart="{place}">{_json(chart)}</script>'
            for place, chart in charts.items()
        ),
        vega=scripts() if charts else "",
    )


def fragment(report: r.Report) -> str:
    """A little HTML for a notebook: the finding, warnings, and the tables that a terminal would show."""
    parts = [f"<p><strong>{_text(report.headline)}</strong></p>"]
    parts += [f"<p>⚠ {_text(warning)}</p>" for warning in report.warnings]
    parts += [_table(table) for table in report.tables() if table.terminal]
    return f"<div>{''.join(parts)}</div>"


def _text(text: str) -> str:
    return escape(clean(text))


def _prose(text: str) -> str:
    """Text in whose numbers no line ends, as one might after the dash of 5e-3."""
    return re.sub(r"\b\d[\d.]*e-\d+\b", r'<span class="number">\g<0></span>', _text(text))


def _json(value: Any) -> str:
    """JSON that no parser of HTML can take for the end of a script."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


def _anchors(sections: Sequence[r.Section]) -> list[str]:
    """A place to link to for each section, no two alike, and none that is a figure's."""
    found: list[str] = []
    for section in sections:
        words = re.sub(r"[^a-z0-9]+", "-", (section.anchor or section.title).lower()).strip("-")[:60] or "section"
        names = [f"s-{words}", *(f"s-{words}-{at}" for at in range(2, len(sections) + 2))]
        found.append(next(name for name in names if name not in found))
    return found


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    listed = "".join(f"<li>{_prose(warning)}</li>" for warning in warnings)
    return f'<aside class="warnings" aria-label="Warnings"><ul>{listed}</ul></aside>'


def _section(section: r.Section, anchor: str, charts: dict[str, Mapping[str, Any]]) -> str:
    """A card; a section of nothing but tiles is shown without one."""
    parts = [_block(block, charts, section.title) for block in section.blocks]
    if section.blocks and all(isinstance(block, r.Stats) for block in section.blocks):
        return f'<div id="{anchor}">{"".join(parts)}</div>'
    if section.blocks and isinstance(section.blocks[0], r.Text):
        parts[0] = parts[0].replace("<p>", '<p class="read">')
    head = f"<h2>{_text(section.title)}</h2>" if section.title else ""
    return f'<section id="{anchor}">{head}\n{"".join(parts)}</section>'


def _glossary(terms: Mapping[str, str]) -> str:
    listed = "".join(f"<div><dt>{_text(term)}</dt><dd>{_text(text)}</dd></div>" for term, text in terms.items())
    return f'<section id="glossary"><h2>Glossary</h2>\n<dl class="glossary">{listed}</dl></section>'


def _block(block: r.Block, charts: dict[str, Mapping[str, Any]], above: str = "") -> str:
    match block:
        case r.Text(paragraphs):
            return "".join(f"<p>{_prose(paragraph)}</p>" for paragraph in paragraphs)
        case r.Notes(items):
            return f"<ul>{''.join(f'<li>{_prose(item)}</li>' for item in items)}</ul>" if items else ""
        case r.Facts(items):
            listed = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in items.items())
            return f'<dl class="facts">{listed}</dl>'
        case r.Command(text):
            return f'<h3>Command</h3><pre tabindex="0" role="region" aria-label="Command">{_text(text)}</pre>'
        case r.Stats():
            return _stats(block)
        case r.Table():
            return _table(block)
        case r.Figure():
            return _figure(block, charts, above)
        case r.Pictures():
            return _pictures(block, above)
        case r.Details(summary, blocks):
            inside = "".join(_block(inner, charts) for inner in blocks)
            return f"<details><summary>{_text(summary)}</summary>{inside}</details>"


def _stats(block: r.Stats) -> str:
    tiles: list[str] = []
    for stat in block.items:
        was, arrow, now = clean(stat.value).partition(" → ")
        value = (
            f'<span class="was">{escape(was)}</span> <span class="to">→</span> <span class="now">{escape(now)}</span>'
            if arrow
            else escape(was)
        )
        detail = f"<dd>{_text(stat.detail)}</dd>" if stat.detail else ""
        tone = f' class="{stat.tone}"' if stat.tone in ("good", "bad") else ""
        tiles.append(f'<div class="stat"><dt>{_text(stat.label)}</dt><dd{tone}>{value}</dd>{detail}</div>')
    return f'<dl class="stats">{"".join(tiles)}</dl>'


def _table(table: r.Table) -> str:
    names = [bool(table.rows) and is_text([row[at] for row in table.rows]) for at in range(len(table.columns))]
    sides = [' class="name"' if name else "" for name in names]
    head = "".join(
        f'<th scope="col"{side}>{_text(column.title)}<small>{_text(column.subtitle)}</small></th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    lines: list[str] = []
    for at, row in enumerate(table.rows):
        cells = [_text(write(cell, column.format)) for cell, column in zip(row, table.columns, strict=True)]
        first = f'<th scope="row"{sides[0]}>{cells[0]}</th>' if cells else ""
        rest = "".join(f"<td{side}>{cell}</td>" for cell, side in zip(cells[1:], sides[1:], strict=True))
        lines.append(f"<tr{' class=marked' if at == table.marked else ''}>{first}{rest}</tr>")
    caption = f"<figcaption>{_text(table.caption)}</figcaption>" if table.caption else ""
    label = _text(table.caption or table.name)
    long = " long" if len(table.rows) > FOLDED else ""
    counted = f'<p class="rows">{len(table.rows):,} rows: scroll inside the table to see all.</p>' if long else ""
    return (
        f'<figure class="table">{caption}<p class="cue" aria-hidden="true">More columns to the right →</p>'
        f'<div class="scroll{long}" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{counted}</figure>"
    )


def _figure(figure: r.Figure, charts: dict[str, Mapping[str, Any]], above: str) -> str:
    cells: list[str] = []
    for panel in figure.panels:
        place = f"chart-{len(charts)}"
        charts[place] = panel.chart
        head = f"<h4>{_text(short(panel.title, 120))}</h4>" if panel.title else ""
        label = _text(panel.title or figure.alt)
        cells.append(
            f'<div class="panel">{head}<div class="plot" id="{place}" role="img" aria-label="{label}"></div></div>'
        )
    alt = _text(figure.alt)
    title = f"<h3>{_text(figure.title)}</h3>" if figure.title and figure.title != above else ""
    caption = f"<figcaption>{_text(figure.caption)}</figcaption>" if figure.caption else ""
    small = all(panel.chart.get("height", 300) <= 240 for panel in figure.panels)
    least = 230 if small and len(cells) > 2 else 400 if len(cells) in (2, 4) else 300
    many = f' many" style="--least:{least}px' if len(cells) > 1 else ""
    return (
        f'<figure class="chart" aria-label="{alt}">{title}<div class="live">{_legend(figure.legend)}'
        f'<div class="panels{many}">{"".join(cells)}</div></div>'
        f'<noscript><img class="still" src="{_still(figure)}" alt="{alt}"></noscript>{caption}</figure>'
    )


def _still(figure: r.Figure) -> str:
    """The figure for those without scripts, and for printers."""
    drawn = svg(figure)
    vector = "data:image/svg+xml," + quote(drawn, safe=" /:=;,()!*[]{}|+?@$^`~-_.")
    return vector if len(vector) < _LARGE else min(vector, data_uri(render(figure, "png")), key=len)


def _legend(marks: Sequence[r.Mark | r.Ramp]) -> str:
    items: list[str] = []
    for mark in marks:
        name = _text(short(mark.name, 120))
        if isinstance(mark, r.Ramp):
            shades = ",".join(mark.colours)
            bar = f'<i class="ramp" style="background:linear-gradient(90deg,{shades})"></i>'
            items.append(f"<li>{name}: {_text(mark.low)} {bar} {_text(mark.high)}</li>")
        else:
            items.append(f'<li><i class="{mark.shape}" style="color:{mark.colour}"></i>{name}</li>')
    return f'<ul class="key">{"".join(items)}</ul>' if items else ""


def _pictures(block: r.Pictures, above: str) -> str:
    title = f"<h3>{_text(block.title)}</h3>" if block.title and block.title != above else ""
    caption = f"<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
    if block.layout == "cards":
        shown = _gallery([_card(item) for item in block.items], block.name)
    elif block.layout == "strip":
        shown = "".join(_strip(item) for item in block.items)
    else:
        shown = f'<div class="mosaics">{"".join(_mosaic(item) for item in block.items)}</div>'
    return f'<figure class="pictures" aria-label="{_text(block.title)}">{title}{shown}{caption}</figure>'


def _gallery(cards: Sequence[str], name: str) -> str:
    """Cards in groups, of which one is open."""
    groups = [cards[at : at + OPEN] for at in range(0, len(cards), OPEN)]
    drawn = [f'<div class="gallery">{"".join(group)}</div>' for group in groups]
    if len(drawn) < 2:
        return "".join(drawn)
    return "".join(
        f'<details name="cards-{escape(re.sub("[^a-z0-9]+", "-", name.lower()))}"{" open" if not at else ""}>'
        f"<summary>{at * OPEN + 1} to {at * OPEN + len(groups[at])} of {len(cards)}</summary>{group}</details>"
        for at, group in enumerate(drawn)
    )


def _image(image: Any, alt: str, largest: int = 256) -> str:
    small = ' class="small"' if max(image.shape[:2]) < _SMALL else ""
    return f'<img{small} src="{data_uri(png(image, largest=largest))}" alt="{_text(alt)}" loading="lazy">'


def _label(item: r.Picture, at: int) -> str:
    return item.labels[at] if at < len(item.labels) else ""


def _card(item: r.Picture) -> str:
    cells = "".join(
        f"<div>{_image(image, f'{item.title}: {_label(item, at)}' if _label(item, at) else item.title)}"
        f"<span>{_text(_label(item, at))}</span></div>"
        for at, image in enumerate(item.images)
    )
    lines = "".join(f"<p>{_prose(short(line, 200))}</p>" for line in item.lines)
    name = f'<h4 title="{_text(item.title)}">{_text(short(item.title, 90))}</h4>'
    return f'<div class="item">{name}<div class="row">{cells}</div>{lines}</div>'


def _strip(item: r.Picture) -> str:
    cells = "".join(
        f"<div>{_image(image, f'{item.title}, {at + 1} of {len(item.images)}')}"
        f"<span>{_text(_label(item, at))}</span></div>"
        for at, image in enumerate(item.images)
    )
    lines = "".join(f"<p>{_text(line)}</p>" for line in item.lines)
    label = _text(item.title)
    return (
        f'<div class="strip"><h4>{label}</h4><div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<div class="row">{cells}</div></div>{lines}</div>'
    )


def _mosaic(item: r.Picture) -> str:
    tiles = mosaic([pixels(image) for image in item.images])
    lines = "".join(f"<p>{_text(line)}</p>" for line in item.lines)
    return f"<div><h4>{_text(item.title)}</h4>{_image(tiles, item.title, 1200)}{lines}</div>"
