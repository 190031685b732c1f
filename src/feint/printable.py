"""Names from files, as text that a terminal, JSON and HTML can hold."""

import unicodedata
from collections.abc import Sequence


def printable(text: str) -> str:
    r"""Bytes that are not UTF-8, and control characters, written out with a backslash.

    >>> printable("caf\udce9"), printable("two\nlines \x1b[31m"), printable("café"), printable("\ud800")
    ('caf\\xe9', 'two\\nlines \\x1b[31m', 'café', '\\ud800')
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # a byte of a name that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def shown(text: str) -> str:
    """Several lines, each ``printable``; spaces of all widths stay."""
    return "".join(
        each if each == "\n" or unicodedata.category(each) == "Zs" else printable(each) for each in text.expandtabs()
    )


def aligned(heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], left: Sequence[bool] = ()) -> str:
    """Lines of text with columns aligned, a rule between heads and rows, no spaces at the ends.

    >>> print(aligned([["a", "long"]], [["1", "2"], ["10", "20"]]))
     a  long
    --  ----
     1     2
    10    20
    """
    widths = [max(map(len, cells)) for cells in zip(*heads, *rows, strict=True)]
    sides = [str.ljust if side else str.rjust for side in left or [False] * len(widths)]
    lines = (*heads, ["-" * width for width in widths], *rows)
    return "\n".join(
        "  ".join(side(cell, width) for cell, width, side in zip(line, widths, sides, strict=True)).rstrip()
        for line in lines
    )
