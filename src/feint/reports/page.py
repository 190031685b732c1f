"""A report as one HTML file that opens offline and loads nothing; everything given is text, and is escaped here."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any, Final

from . import report as r
from .formats import is_text, write
from .images import data_uri, mosaic, png
from .names import clean, short
from .pictures import render, svg
from .theme import theme
from .vega import drawing, scripts

OPEN: Final = 8
"""Cards of a gallery that are open at once."""
FOLDED: Final = 25
"""Rows of a table that show at once; longer ones scroll under their heads."""
_LARGE: Final = 150_000  # bytes of SVG, beyond which PNG stands in if that is smaller
_SMALL: Final = 200  # pixels of an image that is shown with its pixels to be seen
_WHOLE: Final = r"\b\d[\d.]{0,9}(?:e-\d{1,3}\b| %)|\b[A-Z]-\w{1,12}\b|(?<!\S)--[\w-]{1,24}(?!\S)|\([\d.]+ to [\d.]+\)"
Charts = dict[str, Mapping[str, Any]]


def page(report: r.Report) -> str:
    """The whole report as one HTML document.

    Raises:
        InputError: Vega-Lite cannot draw one of its figures.
    """
    charts: Charts = {}
    placed = list(zip(_anchors(report.sections), report.sections, strict=True))
    warnings = _each("<li>{}</li>", ((_prose(warning),) for warning in report.warnings))
    parts = [f'<aside class="warnings" aria-label="Warnings"><ul>{warnings}</ul></aside>' if warnings else ""]
    parts += [_section(section, anchor, charts) for anchor, section in placed]
    links = [(anchor, section.title) for anchor, section in placed if section.title]
    if report.glossary:
        told = ((_text(term), _text(text)) for term, text in report.glossary.items())
        terms = f'<dl class="glossary">{_each("<div><dt>{}</dt><dd>{}</dd></div>", told)}</dl>'
        parts.append(f'<section id="glossary"><h2>Glossary</h2>\n{terms}</section>')
        links.append(("glossary", "Glossary"))
    template = Template((resources.files("feint.reports") / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=_text(report.title),
        headline=_prose(report.headline),
        contents=_each('<li><a href="#{}">{}</a></li>', ((anchor, _text(short(title, 90))) for anchor, title in links)),
        body="\n".join(part for part in parts if part),
        style=style(),
        theme=_json(theme(None)),
        charts=_each(
            '<script type="application/json" data-chart="{}">{}</script>\n',
            ((place, _json(chart)) for place, chart in charts.items()),
        ),
        vega=scripts() if charts else "",
        draw=drawing() if charts else "",
    )


def style() -> str:
    """The page's style sheet."""
    return (resources.files("feint.reports") / "page.css").read_text(encoding="utf-8")


def block(block: r.Block) -> str:
    """A block by itself as HTML, for pages that have its style sheet; of a figure only the legend."""
    return _legend(block.legend) if isinstance(block, r.Figure) else _block(block, {})


def fragment(report: r.Report) -> str:
    """A little HTML for a notebook: the finding, warnings, and the tables that a terminal would show."""
    warnings = _each("<p>⚠ {}</p>", ((_text(warning),) for warning in report.warnings))
    tables = "".join(_table(table) for table in report.tables() if table.terminal)
    return f"<div><p><strong>{_text(report.headline)}</strong></p>{warnings}{tables}</div>"


def _text(text: str) -> str:
    return escape(clean(text))


def _prose(text: str) -> str:
    """Text in which no line ends inside 5e-3, 90 %, (0.1 to 0.2), E-AURC and --data."""
    return re.sub(_WHOLE, r'<span class="number">\g<0></span>', _text(text))


def _each(shape: str, items: Iterable[tuple[str, ...]]) -> str:
    """A piece of HTML for each of some items, whose parts are HTML already."""
    return "".join(shape.format(*item) for item in items)


def _if(shape: str, text: str) -> str:
    """A piece of HTML around a text, if there is any."""
    return shape.format(_text(text)) if text else ""


def _json(value: Any) -> str:
    """JSON that no parser of HTML can take for the end of a script."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


def _anchors(sections: Sequence[r.Section]) -> list[str]:
    """A place to link to for each section, no two alike, and none that is a figure's."""
    found: list[str] = []
    for section in sections:
        words = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")[:60] or "section"
        names = [f"s-{words}", *(f"s-{words}-{at}" for at in range(2, len(sections) + 2))]
        found.append(next(name for name in names if name not in found))
    return found


def _section(section: r.Section, anchor: str, charts: Charts) -> str:
    """A card; a section of nothing but tiles is shown without one."""
    parts = [_block(block, charts, section.title) for block in section.blocks]
    if parts and all(isinstance(block, r.Stats) for block in section.blocks):
        return f'<div id="{anchor}">{"".join(parts)}</div>'
    if section.blocks and isinstance(section.blocks[0], r.Text):
        parts[0] = parts[0].replace("<p>", '<p class="read">')
    return f'<section id="{anchor}">{_if("<h2>{}</h2>", section.title)}\n{"".join(parts)}</section>'


def _block(block: r.Block, charts: Charts, above: str = "") -> str:
    match block:
        case r.Text(paragraphs):
            return _each("<p>{}</p>", ((_prose(paragraph),) for paragraph in paragraphs))
        case r.Notes(items):
            return f"<ul>{_each('<li>{}</li>', ((_prose(item),) for item in items))}</ul>" if items else ""
        case r.Facts(items):
            listed = _each("<dt>{}</dt><dd>{}</dd>", ((_text(name), _prose(value)) for name, value in items.items()))
            return f'<dl class="facts">{listed}</dl>'
        case r.Command(text):
            return f'<h3>Command</h3><pre tabindex="0" role="region" aria-label="Command">{_prose(text)}</pre>'
        case r.Stats(items):
            return f'<dl class="stats">{"".join(map(_stat, items))}</dl>'
        case r.Table():
            return _table(block)
        case r.Figure():
            return _figure(block, charts, above)
        case r.Pictures():
            items = [_item(item, block.layout) for item in block.items]
            shown = _gallery(items, block.name) if block.layout == "cards" else "".join(items)
            around = f'<div class="mosaics">{shown}</div>' if block.layout == "mosaic" else shown
            return f'<figure class="pictures" aria-label="{_text(block.title)}">{_told(block, above, around)}</figure>'
        case r.Details(summary, blocks):
            inside = "".join(_block(inner, charts) for inner in blocks)
            return f"<details><summary>{_text(summary)}</summary>{inside}</details>"


def _told(block: r.Figure | r.Pictures, above: str, shown: str) -> str:
    """What is shown, under its title if that is not the section's, and over its caption."""
    title = block.title if block.title != above else ""
    return f"{_if('<h3>{}</h3>', title)}{shown}{_if('<figcaption>{}</figcaption>', block.caption)}"


def _stat(stat: r.Stat) -> str:
    was, arrow, now = (escape(part) for part in clean(stat.value).partition(" → "))
    change = f'<span class="was">{was}</span> <span class="to">→</span> <span class="now">{now}</span>'
    value, detail = change if arrow else was, _if("<dd>{}</dd>", stat.detail)
    return f'<div class="stat"><dt>{_text(stat.label)}</dt><dd>{value}</dd>{detail}</div>'


def _table(table: r.Table) -> str:
    sides = [_side([row[at] for row in table.rows]) for at in range(len(table.columns))]
    heads = ((side, _prose(each.title), _text(each.subtitle)) for side, each in zip(sides, table.columns, strict=True))
    head = _each('<th scope="col"{}>{}<small>{}</small></th>', heads)
    lines: list[str] = []
    for at, row in enumerate(table.rows):
        written = [_prose(write(cell, column.format)) for cell, column in zip(row, table.columns, strict=True)]
        cells = list(zip(sides, written, strict=True))
        inside = _each('<th scope="row"{}>{}</th>', cells[:1]) + _each("<td{}>{}</td>", cells[1:])
        lines.append(f"<tr{' class=marked' if at == table.marked else ''}>{inside}</tr>")
    long = " long" if len(lines) > FOLDED else ""
    label = _text(table.caption or table.name)
    counted = f'<p class="rows">{len(lines):,} rows: scroll inside the table to see all.</p>' if long else ""
    return (
        f'<figure class="table">{_if("<figcaption>{}</figcaption>", table.caption)}'
        '<p class="cue" aria-hidden="true">More columns to the right →</p>'
        f'<div class="scroll{long}" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{counted}</figure>"
    )


def _side(cells: Sequence[Any]) -> str:
    """The class of a column: names stand to the left, and go on in a second line where they are long."""
    long = " long" if max((len(cell) for cell in cells if isinstance(cell, str)), default=0) > 24 else ""
    return f' class="name{long}"' if is_text(cells) else ""


def _figure(figure: r.Figure, charts: Charts, above: str) -> str:
    cells: list[str] = []
    for panel in figure.panels:
        place = f"chart-{len(charts)}"
        charts[place] = panel.chart
        kind, label = "plot square" if "usermeta" in panel.chart else "plot", _text(panel.title or figure.alt)
        plot = f'<div class="{kind}" id="{place}" role="img" aria-label="{label}"></div>'
        cells.append(f'<div class="panel">{_if("<h4>{}</h4>", short(panel.title, 120))}{plot}</div>')
    alt = _text(figure.alt)
    small = all(panel.chart.get("height", 300) <= 240 for panel in figure.panels)
    least = 230 if small and len(cells) > 2 else 400 if len(cells) in (2, 4) else 300
    many = f' many" style="--least:{least}px' if len(cells) > 1 else ""
    shown = (
        f'<div class="live">{_legend(figure.legend)}<div class="panels{many}">{"".join(cells)}</div></div>'
        f'<noscript><img class="still" src="{_still(figure)}" alt="{alt}"></noscript>'
    )
    return f'<figure class="chart" aria-label="{alt}">{_told(figure, above, shown)}</figure>'


def _still(figure: r.Figure) -> str:
    """The figure for those without scripts, and for printers."""
    vector = "data:image/svg+xml," + svg(figure)
    for letter in "%#&<>\"'\r\n\t":  # what would end the address, the attribute, or be lost
        vector = vector.replace(letter, f"%{ord(letter):02X}")
    return vector if len(vector) < _LARGE else min(vector, data_uri(render(figure, "png")), key=len)


def _legend(marks: Sequence[r.Mark | r.Ramp]) -> str:
    items: list[str] = []
    for mark in marks:
        name = _text(short(mark.name, 120))
        if isinstance(mark, r.Ramp):
            bar = f'<i class="ramp" style="background:linear-gradient(90deg,{",".join(mark.colours)})"></i>'
            items.append(f"<li>{name}: {_text(mark.low)} {bar} {_text(mark.high)}</li>")
        else:
            items.append(f'<li><i class="{mark.shape}" style="color:{mark.colour}"></i>{name}</li>')
    return f'<ul class="key">{"".join(items)}</ul>' if items else ""


def _gallery(cards: Sequence[str], name: str) -> str:
    """Cards in groups, of which one is open."""
    group = "cards-" + re.sub("[^a-z0-9]+", "-", name.lower())
    folds: list[str] = []
    for at in range(0, len(cards), OPEN):
        some = cards[at : at + OPEN]
        summary = f"<summary>{at + 1} to {at + len(some)} of {len(cards)}</summary>"
        inside = f'<div class="gallery">{"".join(some)}</div>'
        folds.append(f'<details name="{group}"{"" if at else " open"}>{summary}{inside}</details>')
    return "".join(folds) if len(folds) > 1 else f'<div class="gallery">{"".join(cards)}</div>' if cards else ""


def _image(image: Any, alt: str, largest: int = 256) -> str:
    small = ' class="small"' if max(image.shape[:2]) < _SMALL else ""
    return f'<img{small} src="{data_uri(png(image, largest=largest))}" alt="{_text(alt)}" loading="lazy">'


def _item(item: r.Picture, layout: str) -> str:
    """Images of one picture: as a card, as a row that scrolls, or as one square."""
    title = _text(item.title)
    if layout == "mosaic":
        shown = _image(mosaic(item.images), item.title, 1200)
    else:
        labels = item.labels or ("",) * len(item.images)
        alts = [label or f"{at} of {len(labels)}" for at, label in enumerate(labels, 1)]
        cells = [
            (_image(image, f"{item.title}: {alt}" if len(labels) > 1 else item.title), _text(label))
            for image, alt, label in zip(item.images, alts, labels, strict=True)
        ]
        shown = f'<div class="row">{_each("<div>{}<span>{}</span></div>", cells)}</div>'
    if layout == "strip":
        shown = f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">{shown}</div>'
    lines = _each("<p>{}</p>", ((_prose(short(line, 200)),) for line in item.lines))
    return f'<div class="{layout}"><h4 title="{title}">{_text(short(item.title, 90))}</h4>{shown}{lines}</div>'
