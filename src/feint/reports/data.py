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
    sections = [(section.title, [_block(block, charts) for block in section.blocks]) for section in report.sections]
    return {
        "title": report.title,
        "headline": report.headline,
        "warnings": list(report.warnings),
        "sections": [{"title": title, "blocks": blocks} for title, blocks in sections],
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
    if not isinstance(cell, str):
        value = raw(cell)
        return "" if value is None else value
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
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value)


def _block(block: r.Block, charts: bool) -> dict[str, Any]:
    """A block by the names of its fields; of pictures only what is said, of figures the charts where asked for."""
    told: dict[str, Any] = {"kind": type(block).__name__.lower()}
    match block:
        case r.Table():
            columns = [{"title": column.title, "unit": _raw_unit(column)} for column in block.columns]
            rows = [[raw(cell) for cell in row] for row in block.rows]
            return {**told, "name": block.name, "caption": block.caption, "columns": columns, "rows": rows}
        case r.Figure():
            told |= {name: getattr(block, name) for name in ("name", "title", "alt", "caption")}
            if charts:
                told["panels"] = [{"title": panel.title, "chart": dict(panel.chart)} for panel in block.panels]
                told["legend"] = [asdict(mark) for mark in block.legend]
            return told
        case r.Pictures():
            items = [{"title": each.title, "labels": each.labels, "lines": each.lines} for each in block.items]
            return {**told, "name": block.name, "title": block.title, "caption": block.caption, "items": items}
        case r.Details(summary, blocks):
            return {**told, "summary": summary, "blocks": [_block(inner, charts) for inner in blocks]}
        case r.Facts(items):
            return {**told, "items": dict(items)}
        case _:
            return {**told, **asdict(block)}
