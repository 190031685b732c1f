"""How numbers are written: a small closed set of formats, so that the same kind of number looks the same everywhere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Final, Literal, final

from .names import clean

Cell = str | int | float | Real | None
"""What stands in a table: a text, a number (also one of numpy's), or nothing."""

NONE: Final = "–"


@final
@dataclass(frozen=True)
class Format:
    """A way to write a number: so many digits after the point, or in all, and the unit in the head of a column."""

    kind: Literal["percent", "times1000", "fixed", "significant", "measured", "count"]
    digits: int = 0
    unit: str = ""

    def __call__(self, value: Cell) -> str:
        """A cell as text; texts stay as they are, nothing and NaN become a dash.

        >>> percent(1)(0.925), times1000(2)(0.01234), fixed(3)(-0.5), radius(5e-4), radius("clean"), count(1797)
        ('92.5', '12.34', '−0.500', '5e-4', 'clean', '1,797')
        """
        known: Any = value  # numpy's numbers, too
        if isinstance(known, str):
            return clean(known)
        if known is not None and (isinstance(known, bool) or not isinstance(known, Real)):
            return str(known)
        if known is None or math.isnan(number := float(known)):
            return NONE
        if math.isinf(number):
            return "∞" if number > 0 else "−∞"
        return self._written(number).replace("-", "−", 1) if number < 0 else self._written(number)

    def _written(self, number: float) -> str:
        if self.kind == "count":
            return f"{number:,.0f}"
        if self.kind in ("significant", "measured"):
            return _sized(number, self.digits, zeros=self.kind == "measured")
        if self.kind == "percent":
            return _bounded(100 * number, self.digits, 100.0)
        return _bounded(1000 * number if self.kind == "times1000" else number, self.digits)

    def interval(self, low: float, estimate: float, high: float) -> str:
        """An estimate and the interval around it.

        >>> fixed(3).interval(0.94, 0.953, 0.961)
        '0.953 (0.940 to 0.961)'
        """
        return f"{self(estimate)} ({self(low)} to {self(high)})"


def percent(digits: int = 1) -> Format:
    """A share in percent, without the sign; 100 and 0 are said of nothing but exactly all and none.

    >>> [percent(1)(share) for share in (1.0, 0.99999, 0.0, 0.00001)]
    ['100.0', '>99.9', '0.0', '<0.1']
    """
    return Format("percent", digits, "%")


def times1000(digits: int = 2) -> Format:
    """An area such as AURC, which is always shown × 1000."""
    return Format("times1000", digits, "× 1000")


def fixed(digits: int = 3) -> Format:
    """So many digits after the point: areas under ROC curves, NLL, Brier."""
    return Format("fixed", digits)


def significant(digits: int = 3) -> Format:
    """At most so many digits that count, for numbers of all sizes.

    >>> [significant(3)(number) for number in (0.00005, 0.00881, 0.0157, 2.5, 12345, 2.5e9)]
    ['5e-5', '8.81e-3', '0.0157', '2.5', '12,345', '2.5e9']
    """
    return Format("significant", digits)


def measured(digits: int = 3, unit: str = "") -> Format:
    """Just so many digits that count, also zeros, for a column of numbers that were measured: 5.30e-5, 0.0500."""
    return Format("measured", digits, unit)


radius: Final = Format("significant", 3, "of [0, 1]")
"""A radius that was asked for, as short as it can be said."""
count: Final = Format("count")
"""A whole number."""


def write(value: Cell, format: Format | None = None) -> str:
    """A cell as text; without a format whole numbers as counts and others with three digits that count."""
    return (format or (count if isinstance(value, Integral) else significant(3)))(value)


def unit(title: str, given: str, format: Format | None) -> str:
    """What stands under the title of a column; of areas × 1000 always that, whatever else is said."""
    if format is None:
        return given
    if format.kind == "times1000" and "1000" not in given + title:
        return f"{format.unit}, {given}" if given else format.unit
    return given or format.unit


def is_text(values: Sequence[Cell]) -> bool:
    """Whether a column holds names: texts alone, most of which are no numbers, as "1 − margin" is none."""
    known: list[Any] = [value for value in values if value is not None]
    if not all(isinstance(value, str) for value in known):
        return False
    numbers = [value for value in known if value[:1].isdigit() or value[:1] in "−<>"]
    return 2 * sum(sum(map(str.isdigit, each)) >= sum(map(str.isalpha, each)) for each in numbers) < len(known)


def _bounded(number: float, digits: int, all_of: float = math.inf) -> str:
    """With so many digits after the point; what would be rounded to nothing, or to all, says on which side it is."""
    smallest = 10.0**-digits
    shown = round(number, digits)
    if number < all_of <= shown:
        return f">{all_of - smallest:.{digits}f}"
    if number != 0 and shown == 0:
        return f"<{smallest:.{digits}f}" if number > 0 else f">-{smallest:.{digits}f}"
    return f"{shown:.{digits}f}"


def _sized(number: float, digits: int, *, zeros: bool) -> str:
    size = abs(float(f"{number:.{digits - 1}e}"))  # as it will be said
    if size == 0:
        return "0"
    if 10**digits <= size < 1e9:
        return f"{number:,.0f}"
    plain = f"{number:#.{digits}g}" if 0.01 <= size < 10**digits else f"{number:#.{digits - 1}e}"
    mantissa, _, exponent = plain.partition("e")
    return (mantissa if zeros else mantissa.rstrip("0")).rstrip(".") + (f"e{int(exponent)}" if exponent else "")
