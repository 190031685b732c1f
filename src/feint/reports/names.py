"""Names that others chose, such as those of classes and files, as text that is safe to show anywhere."""

import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    r"""A text on one line, without characters that steer a terminal, turn lines around or belong in no file.

    Letters of every script stay, those written from right to left too.

    >>> clean("a\x1b[31mb\nc"), clean("gpj.\u202egnp"), clean("caf\udce9")
    ('a[31mb c', 'gpj.gnp', 'caf�')
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for letter in text:
        kind = unicodedata.category(letter)
        if letter in "\t\n\r\v\f" or kind in ("Zl", "Zp"):
            kept.append(" ")
        elif kind in ("Cs", "Cn"):  # half a character, as in names that are not UTF-8; none at all
            kept.append("\ufffd")
        elif kind != "Cc" and letter not in _BIDI:
            kept.append(letter)
    return "".join(kept)


def short(text: str, most: int = 40) -> str:
    """A clean text of at most so many characters, cut in the middle: names often differ at their ends.

    >>> short("abcdefghij", 6)
    'abc…ij'
    """
    text = clean(text)
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"
