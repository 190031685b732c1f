"""What figures show, as plain data, and the colours they are drawn in: rendered once for the page and once as PNG."""

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

Role = Literal["clean", "attacked", "rounded"]

# Told apart by the colour-blind and in grey: blue against orange to crimson, which grow darker with the radius.
CLEAN = "#2f7fc1"
ATTACKED = ("#f2ac2e", "#e2632a", "#cb3571")
CORRECT = CLEAN
WRONG = ATTACKED[1]
REFERENCE = "#8a919c"


def colour(role: Role, strength: float = 1.0) -> str:
    """The colour of a role; attacked ones go from orange to crimson as ``strength`` goes from 0 to 1.

    >>> colour("attacked", 0.0), colour("attacked", 1.0)
    ('#f2ac2e', '#cb3571')
    """
    if role != "attacked":
        return {"clean": CLEAN, "rounded": REFERENCE}[role]
    place = min(max(strength, 0.0), 1.0) * (len(ATTACKED) - 1)
    left = min(int(place), len(ATTACKED) - 2)
    share = place - left
    channels = [
        round((1 - share) * int(ATTACKED[left][at : at + 2], 16) + share * int(ATTACKED[left + 1][at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in channels)


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """A line."""

    name: str
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    role: Role
    strength: float = 1.0


@final
@dataclass(frozen=True, eq=False)
class Band:
    """Everything between two lines: what is possible."""

    lower: Curve
    upper: Curve


@final
@dataclass(frozen=True, eq=False)
class LineFigure:
    """Lines over a band."""

    name: str
    title: str
    alt: str
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    band: Band


@final
@dataclass(frozen=True, eq=False)
class Panel:
    """Two histograms over the same bins: correct ones upwards, wrong ones downwards."""

    title: str
    edges: npt.NDArray[Any]
    correct: npt.NDArray[Any]
    wrong: npt.NDArray[Any]


def percentages(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts in percent of their sum; zeros where there are none."""
    return 100 * counts / max(counts.sum(), 1)


@final
@dataclass(frozen=True, eq=False)
class HistogramFigure:
    """Panels that share their axes."""

    name: str
    title: str
    alt: str
    x_title: str
    y_title: str
    panels: tuple[Panel, ...]

    @property
    def top(self) -> float:
        """Where the vertical axis ends, in percent, up and down, for all panels."""
        tallest = max(percentages(counts).max() for panel in self.panels for counts in (panel.correct, panel.wrong))
        return float(min(max(10 * np.ceil(1.08 * tallest / 10), 10), 108))


@final
@dataclass(frozen=True, eq=False)
class ReliabilityPanel:
    """Accuracy in bins of confidence, both in percent, and how many images each bin holds; NaN where it holds none."""

    title: str
    edges: npt.NDArray[Any]
    confidence: npt.NDArray[Any]
    accuracy: npt.NDArray[Any]
    count: npt.NDArray[Any]
    role: Role
    strength: float


@final
@dataclass(frozen=True, eq=False)
class ReliabilityFigure:
    """Panels that share their axes."""

    name: str
    title: str
    alt: str
    x_title: str
    y_title: str
    count_title: str
    panels: tuple[ReliabilityPanel, ...]

    @property
    def most(self) -> int:
        """Images in the fullest bin of all panels."""
        return max(int(panel.count.max()) for panel in self.panels)


@final
@dataclass(frozen=True, eq=False)
class IntervalPanel:
    """Inputs by clean confidence: the place of each, what it is, and from where to where it can be moved; percent."""

    title: str
    place: npt.NDArray[Any]
    clean: npt.NDArray[Any]
    low: npt.NDArray[Any]
    high: npt.NDArray[Any]
    correct: npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class IntervalFigure:
    """Panels that share their axes, and the threshold, in percent, across them all."""

    name: str
    title: str
    alt: str
    x_title: str
    y_title: str
    threshold: float
    panels: tuple[IntervalPanel, ...]


@final
@dataclass(frozen=True)
class Bars:
    """One bar per category; None where there is no such value."""

    name: str
    heights: tuple[float | None, ...]
    role: Role
    strength: float = 0.5


@final
@dataclass(frozen=True)
class BarFigure:
    """Groups of bars."""

    name: str
    title: str
    alt: str
    x_title: str
    y_title: str
    categories: tuple[str, ...]
    bars: tuple[Bars, ...]
    hover: str = "%{y:.2f}"


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """An image before and after, and what was added to it, magnified around mid-grey; 0 to 255, height x width x 3."""

    title: str
    before: str
    after: str
    original: npt.NDArray[Any]
    perturbation: npt.NDArray[Any]
    attacked: npt.NDArray[Any]
    magnification: float | None
    prediction: str
    correct: bool


@final
@dataclass(frozen=True, eq=False)
class PictureFigure:
    """A gallery."""

    name: str
    title: str
    alt: str
    pictures: tuple[Picture, ...]
