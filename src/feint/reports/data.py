"""A report as JSON, and its tables as CSV, with the raw values: shares, not percent; areas, not × 1000."""

import csv as _csv
import io
import math
from numbers import Integral, Real
from typing import Any

from . import report as r
from .formats import Cell
from .names import clean


def data(report: r.Report, *, charts: bool = False) -> dict[str, Any]:
    """A report as what JSON can hold, NaN and infinities as null.

    Args:
        report: to be told.
        charts: whether figures come with their Vega-Lite specifications, data and all.
    """
    return {
        "title": report.title,
        "headline": report.headline,
        "warnings": list(report.warnings),
        "sections": [
            {"title": section.title, "blocks": [_block(block, charts) for block in section.blocks]}
            for section in report.sections
        ],
        "glossary": dict(report.glossary),
    }


def csv(table: r.Table) -> str:
    """A table's raw values with a line of titles; nothing is an empty field."""
    file = io.StringIO()
    writer = _csv.writer(file, lineterminator="\n")
    writer.writerow([_field(f"{column.title} {_raw_unit(column)}".strip()) for column in table.columns])
    writer.writerows([_field(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _field(cell: Cell) -> Any:
    """A value as a spreadsheet may read it: a name that looks like a formula is marked as text."""
    if isinstance(cell, str):
        text = clean(cell)
        return f"'{text}" if text[:1] in ("=", "+", "-", "@") and not _is_number(text) else text
    value = raw(cell)
    return "" if value is None else value


def _raw_unit(column: r.Column) -> str:
    """The unit of raw values: what is shown in percent or × 1000 has none."""
    scaled = column.format is not None and column.format.kind in ("percent", "times1000")
    return "" if scaled else column.unit


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def raw(cell: Cell) -> str | int | float | bool | None:
    """A cell as Python has it, numpy's numbers included; None for what is no number."""
    value: Any = cell
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value)


def _block(block: r.Block, charts: bool) -> dict[str, Any]:
    match block:
        case r.Text(paragraphs):
            return {"kind": "text", "paragraphs": list(paragraphs)}
        case r.Notes(items):
            return {"kind": "notes", "items": list(items)}
        case r.Facts(items):
            return {"kind": "facts", "items": dict(items)}
        case r.Command(text):
            return {"kind": "command", "text": text}
        case r.Stats(items):
            stats = [{"label": stat.label, "value": stat.value, "detail": stat.detail} for stat in items]
            return {"kind": "stats", "items": stats}
        case r.Table():
            columns = [{"title": column.title, "unit": _raw_unit(column)} for column in block.columns]
            rows = [[raw(cell) for cell in row] for row in block.rows]
            return {"kind": "table", "name": block.name, "caption": block.caption, "columns": columns, "rows": rows}
        case r.Figure():
            told = {"kind": "figure", "name": block.name, "title": block.title, "alt": block.alt}
            if not charts:
                return told
            panels = [{"title": panel.title, "chart": dict(panel.chart)} for panel in block.panels]
            legend = [
                {"name": mark.name, "colours": list(mark.colours), "low": mark.low, "high": mark.high}
                if isinstance(mark, r.Ramp)
                else {"name": mark.name, "colour": mark.colour, "shape": mark.shape}
                for mark in block.legend
            ]
            return {**told, "panels": panels, "legend": legend}
        case r.Pictures():
            shown = [
                {"title": item.title, "labels": list(item.labels), "lines": list(item.lines)} for item in block.items
            ]
            return {"kind": "pictures", "name": block.name, "title": block.title, "items": shown}
        case r.Details(summary, blocks):
            return {"kind": "details", "summary": summary, "blocks": [_block(inner, charts) for inner in blocks]}
