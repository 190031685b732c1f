"""What the pages of feint latent, interpolate and spread show, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TITLES = {
    "max_probability": "1 − max. probability",
    "predictive_entropy": "entropy",
    "margin": "1 − margin",
    "expected_entropy": "expected entropy",
    "mutual_information": "mutual information",
    "softmax_variance": "softmax variance",
    "variation_ratio": "variation ratio",
}
"""Measures in a few letters; entropies and information are in nats."""


def title(measure: str) -> str:
    """What a measure is called in a figure."""
    return TITLES.get(measure, measure.replace("_", " "))


@final
@dataclass(frozen=True, eq=False)
class Plane:
    """The latent plane.

    Attributes:
        axis: coordinates of the grid, both ways, shape ``(G,)``.
        encoded: the images' places, shape ``(N, 2)``.
        labels: their classes, shape ``(N,)``.
        classes: names by label.
        distance: from each point of the grid to the nearest image, shape ``(G, G)``, rows from the bottom.
        border: a point beyond this distance is far from all data.
        mosaic: decoded images at a coarser grid, rows from the bottom, shape ``(M * M, height, width, channels)``.
    """

    axis: Array
    encoded: Array
    labels: Array
    classes: tuple[str, ...]
    distance: Array
    border: float
    mosaic: Array

    @property
    def is_far(self) -> Array:
        """Which points of the grid are far from all data."""
        return self.distance > self.border


@final
@dataclass(frozen=True, eq=False)
class Rubbish:
    """A decoded point far from all data that looks familiar to a victim; height x width x channels in [0, 1]."""

    image: Array
    x: float
    y: float
    distance: float
    prediction: int
    confidence: float
    entropy: float
    information: float | None

    def numbers(self) -> dict[str, float | int | None]:
        """Everything but the image."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "image"}


@final
@dataclass(frozen=True, eq=False)
class Mapped:
    """A victim's measures over the plane.

    Attributes:
        name: of the victim.
        accuracy: on the images.
        measures: name -> values, shape ``(G, G)``.
        limits: name -> the largest value that counts as confident.
        confident: name -> whether a point is, shape ``(G, G)``.
        confident_by_both: by entropy and by mutual information, where there is some.
        rubbish: confident by both and far from all data.
    """

    name: str
    accuracy: float
    measures: Mapping[str, Array]
    limits: Mapping[str, float]
    confident: Mapping[str, Array]
    confident_by_both: Array
    rubbish: tuple[Rubbish, ...]

    def shares(self, where: Array) -> dict[str, float | None]:
        """Measure -> the share of these points that is confident by it; None where there are no such points."""
        found = {**self.confident, "both": self.confident_by_both}
        return {name: float(chosen[where].mean()) if where.any() else None for name, chosen in found.items()}


@final
@dataclass(frozen=True, eq=False)
class LatentReport:
    """Everything on the page of feint latent."""

    title: str
    plane: Plane
    victims: tuple[Mapped, ...]
    flagged: float
    far: float
    facts: Mapping[str, str]

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that at least one victim has, in the victims' order."""
        return tuple(dict.fromkeys(name for victim in self.victims for name in victim.measures))


KINDS = {
    "latent": "latent blend",
    "pixel": "pixel blend",
    "reconstruction": "pixel blend of the reconstructions",
}
"""Ways to blend two images."""


@final
@dataclass(frozen=True, eq=False)
class Blended:
    """A victim's measures of blends of pairs of images.

    Attributes:
        name: of the victim.
        halves: kind -> measure -> value half-way, shape ``(pairs,)``.
        paths: kind -> measure -> values along the way, shape ``(some pairs, steps)``.
        detection: kind -> measure -> (low, estimate, high) of the AUROC that tells it from the latent blends.
        advantage: kind -> (low, estimate, high) of the AUROC of mutual information less that of entropy.
    """

    name: str
    halves: Mapping[str, Mapping[str, Array]]
    paths: Mapping[str, Mapping[str, Array]]
    detection: Mapping[str, Mapping[str, tuple[float, float, float]]]
    advantage: Mapping[str, tuple[float, float, float]]


@final
@dataclass(frozen=True, eq=False)
class InterpolationReport:
    """Everything on the page of feint interpolate.

    Attributes:
        steps: where on the way from the first image to the second, from 0 to 1.
        strips: kind -> the images along the way of the first pair, shape ``(steps, height, width, channels)``.
        pairs: how many were blended half-way.
    """

    title: str
    steps: Array
    strips: Mapping[str, Array]
    pairs: int
    victims: tuple[Blended, ...]
    facts: Mapping[str, str]


@final
@dataclass(frozen=True, eq=False)
class Spread:
    """Mutual information and two approximations to it for each image of a data set, in nats, shape ``(N,)``.

    Attributes:
        victim: its name.
        data: the data set's name.
        information: the mutual information itself.
        variance: the sum over classes of the variance over draws.
        limit: half the sum of variance / mean.
        spearman: approximation -> (low, estimate, high).
        kendall: approximation -> Kendall's tau-b.
        decades: rows of (from, to, images, median variance / information, median limit / information).
        closer: rows of (factor, variance / information, limit / information) for draws at this share of their distance
            from the mean; each (5 %, 50 %, 95 %) over the images.
    """

    victim: str
    data: str
    information: Array
    variance: Array
    limit: Array
    spearman: Mapping[str, tuple[float, float, float]]
    kendall: Mapping[str, float]
    decades: tuple[tuple[float, float, int, float, float], ...]
    closer: tuple[tuple[float, tuple[float, float, float], tuple[float, float, float]], ...]


@final
@dataclass(frozen=True, eq=False)
class SpreadReport:
    """Everything on the page of feint spread."""

    title: str
    spreads: tuple[Spread, ...]
    facts: Mapping[str, str]


def thinned(count: int, most: int) -> Array:
    """Evenly spaced positions among so many, at most ``most`` of them.

    >>> thinned(10, 5).tolist()
    [0, 2, 4, 7, 9]
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
