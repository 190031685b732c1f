"""A whole report as Markdown, in which names stay text."""

import re

from . import report as r
from .formats import is_text, write
from .names import clean


def markdown(report: r.Report, *, figures: str = "figures") -> str:
    """Everything that the page says; pictures are links to SVG files in a folder, ``figures``."""
    parts = [f"# {_escaped(report.title)}", f"**{_escaped(report.headline)}**"]
    parts += [f"> Warning: {_escaped(warning)}" for warning in report.warnings]
    for section in report.sections:
        parts.append(f"## {_escaped(section.title)}" if section.title else "")
        parts += [part for block in section.blocks for part in _block(block, figures)]
    if report.glossary:
        parts.append("## Glossary")
        parts += [f"**{_escaped(term)}**: {_escaped(text)}" for term, text in report.glossary.items()]
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$~&])", r"\\\1", clean(text))


def _block(block: r.Block, figures: str) -> list[str]:
    match block:
        case r.Text(paragraphs):
            return [_escaped(paragraph) for paragraph in paragraphs]
        case r.Notes(items):
            return [_list(items)]
        case r.Facts(items):
            return [_list(tuple(f"{name}: {value}" for name, value in items.items()))]
        case r.Command(text):
            return [f"    {clean(text)}"]
        case r.Stats(items):
            return [_list(tuple(f"{s.label}: {s.value}" + (f" ({s.detail})" if s.detail else "") for s in items))]
        case r.Table():
            return _table(block)
        case r.Figure() | r.Pictures():
            alt = block.alt if isinstance(block, r.Figure) else block.title
            shown = f"![{_escaped(alt)}]({figures}/{block.name}.svg)"
            return [f"### {_escaped(block.title)}", shown, _escaped(block.caption)]
        case r.Details(summary, blocks):
            return [f"### {_escaped(summary)}", *(part for inner in blocks for part in _block(inner, figures))]


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {_escaped(item)}" for item in items)


def _table(table: r.Table) -> list[str]:
    heads = [column.title + (f" ({column.subtitle})" if column.subtitle else "") for column in table.columns]
    rows = [[write(cell, column.format) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    sides = [":--" if is_text([row[at] for row in table.rows]) else "--:" for at in range(len(heads))]
    lines = [[_escaped(cell) for cell in line] for line in (heads, *rows)]
    lines.insert(1, sides)
    return [_escaped(table.caption), "\n".join(f"| {' | '.join(line)} |" for line in lines)]
