"""Pieces of HTML: a section, a table, the place of a figure. Text is escaped here, content is not."""

import base64
from collections.abc import Sequence
from html import escape


def section(title: str, read: str, content: str) -> str:
    """A part of the page: what it is, how to read it, and its content, which is HTML."""
    return f'<section><h2>{title}</h2>\n<p class="read">{read}</p>\n{content}</section>'


def plot(name: str, alt: str, png: bytes | None = None) -> str:
    """The place of a figure; where scripts do not run, its picture."""
    instead = "" if png is None else f'<noscript><img src="{data_uri(png)}" alt="{escape(alt)}"></noscript>'
    return f'<div class="plot" id="{name}" role="img" aria-label="{escape(alt)}">{instead}</div>'


def data_uri(png: bytes) -> str:
    """A picture inside the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def table(caption: str, heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], clean: int = -1) -> str:
    """A table that scrolls where it is wider than the screen; ``clean`` is the row that is set apart."""
    head = "".join(f'<th scope="col">{escape(title)}<small>{escape(unit)}</small></th>' for title, unit in heads)
    body = "".join(
        f'<tr{" class=clean" if at == clean else ""}><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for at, row in enumerate(rows)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
