"""The table of an audit: the same columns in the terminal and on the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from .audit import Score


def radius_text(radius: float) -> str:
    """A radius as short as it can be said.

    >>> radius_text(0.0005), radius_text(0.00525), radius_text(4 / 255), radius_text(0.0)
    ('5e-4', '5.25e-3', '0.0157', '0')
    """
    if radius == 0 or radius >= 0.01:
        return f"{radius:.3g}"
    mantissa, exponent = f"{radius:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def percent(share: float, digits: int = 1) -> str:
    """A share in percent, without the sign; 100 and 0 are said of nothing but exactly all and none.

    >>> percent(0.925), percent(1.0), percent(0.99999), percent(0.0), percent(0.00001)
    ('92.5', '100.0', '>99.9', '0.0', '<0.1')
    """
    smallest = 10.0**-digits
    if share < 1 and round(100 * share, digits) >= 100:
        return f">{100 - smallest:.{digits}f}"
    if share > 0 and round(100 * share, digits) <= 0:
        return f"<{smallest:.{digits}f}"
    return f"{100 * share:.{digits}f}"


def _thousandths(value: float) -> str:
    return f"{1000 * value:.2f}"


def _three(value: float) -> str:
    return f"{value:.3f}"


def _one(value: float) -> str:
    return f"{value:.1f}"


@final
@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        title: its head.
        unit: below the head.
        field: the field of ``Score`` that it shows.
        text: how it is written.
    """

    title: str
    unit: str
    field: str
    text: Callable[[float], str]

    def cell(self, score: Score) -> str:
        """What stands in one row; a dash where the row has no such value."""
        value: float | None = getattr(score, self.field)
        if value is None:
            return "clean" if self.field == "radius" else "–"
        return self.text(value)


COLUMNS = (
    Column("radius", "of [0, 1]", "radius", radius_text),
    Column("AURC", "× 1000", "aurc", _thousandths),
    Column("E-AURC", "× 1000", "e_aurc", _thousandths),
    Column("AUGRC", "× 1000", "augrc", _thousandths),
    Column("NLL", "nats", "nll", _three),
    Column("Brier", "0 to 2", "brier", _three),
    Column("ECE", "%", "ece", percent),
    Column("accuracy", "%", "accuracy", lambda share: percent(share, 2)),
    Column("kept", "%", "kept", lambda share: percent(share, 2)),
    Column("eff. radius", "of [0, 1]", "effective_radius", radius_text),
    Column("gradients", "per image", "gradients", _one),
    Column("queries", "per image", "queries", _one),
)


def plain_table(scores: Sequence[Score]) -> str:
    """The table for a terminal: columns aligned to the right, heads and units above.

    >>> row = Score(None, 0.0123, 0.01, 0.011, 0.3, 0.1, 0.02, 0.9)
    >>> plain_table([row]).splitlines()[-1].split()[:3]
    ['clean', '12.30', '10.00']
    """
    rows = [[column.cell(score) for column in COLUMNS] for score in scores]
    return aligned([[column.title for column in COLUMNS], [column.unit for column in COLUMNS]], rows)


def aligned(heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> str:
    """Lines of text with columns aligned to the right, a rule between heads and rows, no spaces at the ends.

    >>> print(aligned([["a", "long"]], [["1", "2"], ["10", "20"]]))
     a  long
    --  ----
     1     2
    10    20
    """
    widths = [max(map(len, cells)) for cells in zip(*heads, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in (*heads, rule, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)
