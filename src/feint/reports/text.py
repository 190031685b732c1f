"""A report in a terminal: the finding, warnings, the tables meant for it, and notes."""

from feint.printable import aligned as aligned

from .formats import NONE, Cell, is_text, write
from .markdown import markdown
from .names import clean, short
from .report import Column, Notes, Report, Table

WIDEST = 40
"""Characters of a cell; longer ones are cut in their middle."""


def text(report: Report, *, full: bool = False) -> str:
    """What is printed when a run is done, free of what would steer a terminal; ``full``: all of it, as Markdown."""
    if full:
        return markdown(report)
    parts = [clean(report.headline), *(f"warning: {clean(warning)}" for warning in report.warnings)]
    for block in report.blocks():
        if isinstance(block, Table) and block.terminal:
            parts.append(plain_table(block))
        elif isinstance(block, Notes) and block.terminal:
            parts.append("\n".join(f"- {clean(item)}" for item in block.items))
    return "\n\n".join(part for part in parts if part)


def plain_table(table: Table) -> str:
    """A table with its columns aligned: numbers to the right, names to the left."""
    columns = table.columns
    rows = [[_written(cell, column) for cell, column in zip(row, columns, strict=True)] for row in table.rows]
    heads = [[short(column.title, WIDEST) for column in columns], [short(each.subtitle, WIDEST) for each in columns]]
    names = [is_text(values) for values in zip(*table.rows, strict=True)] if table.rows else [True] * len(columns)
    body = aligned(heads if any(heads[1]) else heads[:1], rows, names)
    return f"{clean(table.caption)}\n{body}" if table.caption else body


def _written(cell: Cell, column: Column) -> str:
    """A cell; numbers in ASCII, so that they can be copied."""
    written = short(write(cell, column.format), WIDEST)
    return written if isinstance(cell, str) else written.replace("−", "-").replace(NONE, "-")
