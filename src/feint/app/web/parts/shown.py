"""A report as elements of a page: tables that can be sorted, charts by the same specifications, all else as HTML."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from nicegui import ui

from feint.app.web.elements import Chart, Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.reports import Figure, Panel, Report, Section, Table
from feint.reports import report as r
from feint.reports.data import raw
from feint.reports.formats import is_text, write
from feint.reports.names import clean, short
from feint.reports.page import block as as_html

from .frame import text
from .linked import Linked, linked, nearest

Picked = Callable[[str, str, Mapping[str, Any]], Any]
"""Is told the figure's name, the panel's title, and the datum of the mark that somebody clicked."""


@final
@dataclass(frozen=True, eq=False)
class Live:
    """What a page does with its charts.

    Attributes:
        linked: what is chosen in them.
        picked: who is told of clicks.
    """

    linked: Linked
    picked: Picked


def show(report: Report, live: Live | None = None) -> None:
    """A report, under the page's heading; not its glossary."""
    text("p", report.headline, "headline")
    if report.warnings:
        with ui.element("aside").classes("warnings").props('aria-label="Warnings"'), ui.element("ul"):
            for warning in report.warnings:
                text("li", warning)
    for section in report.sections:
        show_section(section, live)


def show_glossary(report: Report) -> None:
    """What its terms mean, which stands at the end of a page."""
    if report.glossary:
        with ui.element("section"):
            text("h2", "Glossary")
            with ui.element("dl").classes("glossary"):
                for term, told in report.glossary.items():
                    with ui.element("div"):
                        text("dt", term)
                        text("dd", told)


def show_section(section: Section, live: Live | None = None) -> None:
    """A part of a report, as a card; tiles alone stand without one."""
    bare = all(isinstance(block, r.Stats) for block in section.blocks)
    with ui.element("div" if bare else "section"):
        if section.title and not bare:
            text("h2", section.title)
        for block in section.blocks:
            show_block(block, section.title, live)


def show_block(block: r.Block, above: str = "", live: Live | None = None) -> None:
    """One block; ``above`` is the heading that it stands under."""
    match block:
        case Table():
            show_table(block)
        case Figure():
            show_figure(block, above, live)
        case r.Details(summary, blocks):
            with ui.element("details"):
                text("summary", summary)
                for inner in blocks:
                    show_block(inner, live=live)
        case _:
            # The report's own HTML, in which everything given is escaped.
            ui.html(as_html(block), sanitize=False)


def show_table(table: Table) -> None:
    """A table to sort, and to search where it is long."""
    columns = [[row[at] for row in table.rows] for at in range(len(table.columns))]
    heads = [
        Head(f"{at}-{slug(column.title)}", clean(column.title), clean(column.subtitle), is_text(cells))
        for at, (column, cells) in enumerate(zip(table.columns, columns, strict=True))
    ]
    lines = [
        Line(str(at), tuple(_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)))
        for at, row in enumerate(table.rows)
    ]
    with ui.element("figure").classes("table"):
        if table.caption:
            text("figcaption", table.caption)
        Grid(heads, lines, caption=table.caption or table.name, search=len(lines) > 12, marked=table.marked)


def _cell(cell: Any, column: r.Column) -> Cell:
    value = raw(cell)
    return Cell(clean(write(cell, column.format)), float(value) if isinstance(value, int | float) else value)


def show_figure(figure: Figure, above: str = "", live: Live | None = None) -> None:
    """A figure's panels, under one legend."""
    with ui.element("figure").classes("chart"):
        if figure.title and figure.title != above:
            text("h3", figure.title)
        if figure.legend:
            ui.html(as_html(figure), sanitize=False)
        many = len(figure.panels) > 1
        panels = ui.element("div").classes("panels many" if many else "panels")
        if many:
            panels.style(f"--least: {400 if len(figure.panels) in (2, 4) else 300}px")
        with panels:
            for panel in figure.panels:
                with ui.element("div").classes("panel") as box:
                    if panel.title:
                        text("h4", short(panel.title, 120))
                    alt = clean(panel.title or figure.alt)
                    if live is None:
                        Chart(panel.chart, alt)
                        continue
                    chart = Chart(linked(panel.chart), alt, _telling(live.picked, figure.name, panel))
                    live.linked.add(figure.name, panel, chart, legend=figure.legend, box=box if many else None)
        if figure.caption:
            text("figcaption", figure.caption)


def _telling(picked: Picked, name: str, panel: Panel) -> Callable[[Mapping[str, Any]], Any]:
    return lambda datum: picked(name, panel.title, nearest(panel, datum))


def slug(title: str) -> str:
    """A title as it may stand in an address.

    >>> slug("AURC clean, × 1000")
    'aurc-clean-1000'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
