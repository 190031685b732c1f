"""A report as JSON, and its tables as CSV, with the raw values: shares, not percent; areas, not × 1000."""

import csv as _csv
import io
import math
from contextlib import suppress
from dataclasses import asdict
from numbers import Integral, Real
from typing import Any

from . import report as r
from .formats import Cell
from .names import clean


def data(report: r.Report, *, charts: bool = False) -> dict[str, Any]:
    """A report as what JSON can hold, NaN and infinities as null; ``charts``: figures with their specifications."""
    sections = [
        {"title": each.title, "blocks": [_block(block, charts) for block in each.blocks]} for each in report.sections
    ]
    head = {"title": report.title, "headline": report.headline, "warnings": list(report.warnings)}
    return {**head, "sections": sections, "glossary": dict(report.glossary)}


def csv(table: r.Table) -> str:
    """A table's raw values with a line of titles; nothing is an empty field."""
    file = io.StringIO()
    writer = _csv.writer(file, lineterminator="\n")
    writer.writerow([_field(f"{column.title} {_raw_unit(column)}".strip()) for column in table.columns])
    writer.writerows([_field(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _field(cell: Cell) -> Any:
    """A value as a spreadsheet may read it: a name that looks like a formula is marked as text."""
    if not isinstance(cell, str):
        return "" if (value := raw(cell)) is None else value
    text = clean(cell)
    with suppress(ValueError):
        float(text)
        return text
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _raw_unit(column: r.Column) -> str:
    """The unit of raw values: what is shown in percent or × 1000 has none."""
    return "" if column.format is not None and column.format.kind in ("percent", "times1000") else column.unit


def raw(cell: Cell) -> str | int | float | bool | None:
    """A cell as Python has it, numpy's numbers included; None for what is no number."""
    value: Any = cell
    if value is None or isinstance(value, str | bool):
        return value
    if not isinstance(value, Real):
        return str(value)
    return int(value) if isinstance(value, Integral) else float(value) if math.isfinite(value) else None


def _block(block: r.Block, charts: bool) -> dict[str, Any]:
    """A block by the names of its fields; of pictures only what is said, of figures the charts where asked for."""
    shown: dict[str, Any]
    match block:
        case r.Table(name, columns, rows, caption):
            heads = [{"title": column.title, "unit": _raw_unit(column)} for column in columns]
            cells = [[raw(cell) for cell in row] for row in rows]
            shown = {"name": name, "caption": caption, "columns": heads, "rows": cells}
        case r.Figure(name, title, alt, panels, caption, legend):
            shown = {"name": name, "title": title, "alt": alt, "caption": caption}
            if charts:
                shown["panels"] = [{"title": panel.title, "chart": dict(panel.chart)} for panel in panels]
                shown["legend"] = [asdict(mark) for mark in legend]
        case r.Pictures(name, title, items, caption):
            said = [{"title": each.title, "labels": each.labels, "lines": each.lines} for each in items]
            shown = {"name": name, "title": title, "caption": caption, "items": said}
        case r.Details(summary, blocks):
            shown = {"summary": summary, "blocks": [_block(inner, charts) for inner in blocks]}
        case _:
            shown = asdict(block)
    return {"kind": type(block).__name__.lower(), **shown}
