"""Names from files, as text that a terminal, JSON and HTML can hold."""

import unicodedata


def printable(text: str) -> str:
    r"""Bytes that are not UTF-8, and control characters, written out with a backslash.

    >>> printable("caf\udce9"), printable("two\nlines \x1b[31m"), printable("café")
    ('caf\\xe9', 'two\\nlines \\x1b[31m', 'café')
    """
    if text.isprintable():
        return text
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def shown(text: str) -> str:
    """Several lines, each ``printable``; spaces of all widths stay."""
    return "".join(
        each if each == "\n" or unicodedata.category(each) == "Zs" else printable(each) for each in text.expandtabs()
    )
