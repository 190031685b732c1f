"""A whole report as Markdown, in which names stay text."""

import re

from . import report as r
from .formats import is_text, write
from .names import clean

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|$~&])")


def markdown(report: r.Report, *, figures: str = "figures") -> str:
    """Everything that the page says.

    Args:
        report: to write.
        figures: the folder that its pictures lie in, as PNG.
    """
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
    return _SPECIAL.sub(r"\\\1", clean(text))


def _block(block: r.Block, figures: str) -> list[str]:
    match block:
        case r.Text(paragraphs):
            return [_escaped(paragraph) for paragraph in paragraphs]
        case r.Notes(items):
            return ["\n".join(f"- {_escaped(item)}" for item in items)]
        case r.Facts(items):
            return ["\n".join(f"- {_escaped(name)}: {_escaped(value)}" for name, value in items.items())]
        case r.Command(text):
            return [f"    {clean(text)}"]
        case r.Stats(items):
            return [
                "\n".join(
                    f"- {_escaped(stat.label)}: {_escaped(stat.value)}"
                    + (f" ({_escaped(stat.detail)})" if stat.detail else "")
                    for stat in items
                )
            ]
        case r.Table():
            return _table(block)
        case r.Figure() | r.Pictures():
            alt = block.alt if isinstance(block, r.Figure) else block.title
            shown = f"![{_escaped(alt)}]({figures}/{block.name}.png)"
            return [f"### {_escaped(block.title)}", shown, _escaped(block.caption)]
        case r.Details(summary, blocks):
            return [f"### {_escaped(summary)}", *(part for inner in blocks for part in _block(inner, figures))]


def _table(table: r.Table) -> list[str]:
    heads = [
        f"{_escaped(column.title)} ({_escaped(column.subtitle)})" if column.subtitle else _escaped(column.title)
        for column in table.columns
    ]
    sides = [is_text([row[at] for row in table.rows]) for at in range(len(heads))]
    lines = [heads, [":--" if side else "--:" for side in sides]]
    lines += [
        [_escaped(write(cell, column.format)) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return [_escaped(table.caption), body]
