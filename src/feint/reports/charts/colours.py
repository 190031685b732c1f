"""The colours of charts: told apart by the colour-blind and in grey, on light paper and on dark."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..formats import radius as radius_text
from ..report import Mark, Ramp
from ..theme import between

# Blue against orange to crimson, which grow darker with the radius.
CLEAN: Final = "#2f7fc1"
ATTACKED: Final = ("#f2ac2e", "#e2632a", "#cb3571")
CORRECT: Final = CLEAN
WRONG: Final = ATTACKED[1]
REFERENCE: Final = "#8a919c"
RANDOM: Final = "#7a6fa8"
# Of Okabe & Ito 2008, in the order in which things come.
SERIES: Final = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#8a7a00", "#7a6fa8")
# Ten classes told apart by hue; more start over.
CLASSES: Final = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#6b6b6b", "#bcbd22", "#17becf"),
)
# From near-white to dark slate: lightness falls in a straight line in OKLab (Ottosson 2020), so that equal steps look
# equal and the order is seen in grey too; what blue there is leaves the hues to the classes that are drawn on top.
SEQUENTIAL: Final = (
    *("#fafafa", "#d0dbe9", "#a8bcd6", "#859ebe", "#6680a2", "#4c6381", "#37485d", "#262e39", "#161616"),
)
MOST: Final = 8
"""Radii that a legend names one by one, and that panels are drawn of."""


def by_radius(radii: Sequence[float | None]) -> tuple[str, ...]:
    """A colour for each: blue where clean (None), the attacked from orange to crimson in their order."""
    attacked = [radius for radius in radii if radius is not None]
    last = max(len(attacked) - 1, 1)
    shades = iter([between(ATTACKED, at / last if len(attacked) > 1 else 0.5) for at in range(len(attacked))])
    return tuple(CLEAN if radius is None else next(shades) for radius in radii)


def stage(radius: float | None) -> str:
    """Which images a panel or a row shows.

    >>> stage(None), stage(0.0005)
    ('clean', 'radius 5e-4')
    """
    return "clean" if radius is None else f"radius {radius_text(radius)}"


def radius_legend(radii: Sequence[float | None], shape: str = "line") -> tuple[Mark | Ramp, ...]:
    """What the colours of `by_radius` stand for: each by name, or a scale where there are many."""
    form: Any = shape
    attacked = [radius for radius in radii if radius is not None]
    if len(attacked) > MOST:
        ramp = Ramp("radius", ATTACKED, radius_text(attacked[0]), radius_text(attacked[-1]))
        return (*((Mark("clean", CLEAN, form),) if None in radii else ()), ramp)
    return tuple(Mark(stage(radius), shade, form) for radius, shade in zip(radii, by_radius(radii), strict=True))


def some(count: int, most: int = MOST) -> list[int]:
    """At most so many positions among ``count``, evenly spaced, with the first and the last.

    >>> some(3), some(50, 5)
    ([0, 1, 2], [0, 12, 24, 37, 49])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)).tolist()


def sequential(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Shares in [0, 1] as colours, red, green and blue on a last axis: the darker, the more. NaN is a pale red."""
    places = np.linspace(0, 1, len(SEQUENTIAL))
    channels = zip(*(bytes.fromhex(shade[1:]) for shade in SEQUENTIAL), strict=True)
    found = np.array([np.interp(np.nan_to_num(values), places, each) for each in channels], dtype=np.float64)
    found = np.moveaxis(found, 0, -1)
    found[np.isnan(values)] = (250, 217, 212)
    return found.round().astype(np.uint8)
