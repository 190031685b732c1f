"""The latent plane as the run's arrays and tables have it: what is far, and what each victim is confident about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from feint.experiments.warnings import about_predictions
from feint.runs.run import Run
from feint.runs.work import Array
from feint.victims.records import MEASURE

from .settings import LatentSettings


@final
@dataclass(frozen=True, eq=False)
class Plane:
    """The latent plane.

    Attributes:
        axis: coordinates of the grid, both ways, shape ``(G,)``.
        encoded: the images' places, shape ``(N, 2)``.
        labels: their classes, shape ``(N,)``.
        distance: from each point of the grid to the nearest image, shape ``(G, G)``, rows from the bottom.
        border: a point beyond this distance is far from all data.
    """

    axis: Array
    encoded: Array
    labels: Array
    distance: Array
    border: float

    @property
    def is_far(self) -> Array:
        """Which points of the grid are far from all data."""
        return self.distance > self.border

    @property
    def end(self) -> float:
        """How far it reaches from 0."""
        return float(self.axis[-1])


@final
@dataclass(frozen=True, eq=False)
class Mapped:
    """What a victim makes of the plane.

    Attributes:
        name: of the victim.
        accuracy: on the images.
        measures: name -> values, shape ``(G, G)``.
        limits: name -> the largest value that counts as confident.
        prediction: the class at each point, shape ``(G * G,)``.
        confidence: its probability, likewise.
        warnings: what must be known before all that is believed.
    """

    name: str
    accuracy: float
    measures: Mapping[str, Array]
    limits: Mapping[str, float]
    prediction: Array
    confidence: Array
    warnings: tuple[str, ...]

    @property
    def confident(self) -> dict[str, Array]:
        """Measure -> whether a point looks familiar by it, shape ``(G, G)``."""
        return {name: values <= self.limits[name] for name, values in self.measures.items()}

    @property
    def confident_by_both(self) -> Array:
        """By entropy and by mutual information, where there is some."""
        confident = self.confident
        return confident["predictive_entropy"] & confident.get("mutual_information", True)

    def shares(self, where: Array) -> dict[str, float | None]:
        """Measure -> the share of these points that is confident by it; None where there are no such points."""
        found = {**self.confident, "both": self.confident_by_both}
        return {name: float(chosen[where].mean()) if where.any() else None for name, chosen in found.items()}


def read_plane(run: Run) -> Plane:
    """The plane that a run has found."""
    settings: LatentSettings = run.settings
    found = run.arrays("plane")
    border = float(np.quantile(found["among"], settings.far))
    return Plane(found["axis"], found["encoded"], found["labels"], found["distance"], border)


def read_mapped(run: Run, which: int) -> Mapped:
    """What the victim at this position makes of it."""
    settings: LatentSettings = run.settings
    victim = run.about["victims"][which]
    names: list[str] = victim["measures"]
    images, maps = run.table("images"), run.table("maps")
    usual = images.read(["label", "prediction", *(MEASURE + name for name in names)], victim=which)
    found = maps.read(["prediction", "confidence", *(MEASURE + name for name in names)], victim=which)
    shape = (settings.side, settings.side)
    whose = victim["name"] if len(run.about["victims"]) > 1 else ""
    said, labels = (usual.column(name).to_numpy() for name in ("prediction", "label"))
    return Mapped(
        name=victim["name"],
        accuracy=float((said == labels).mean()),
        warnings=tuple(about_predictions(said, labels, len(victim["classes"]), whose)),
        measures={name: found.column(MEASURE + name).to_numpy().reshape(shape) for name in names},
        limits={
            name: float(np.quantile(usual.column(MEASURE + name).to_numpy(), 1 - settings.flagged)) for name in names
        },
        prediction=found.column("prediction").to_numpy(),
        confidence=found.column("confidence").to_numpy(),
    )


def spread_out(plane: Plane, eligible: Array, count: int) -> list[int]:
    """A few of the eligible places: always the one furthest from all images and from those chosen before."""
    places = np.flatnonzero(eligible)
    chosen: list[int] = []
    if not len(places):
        return chosen
    side = len(plane.axis)
    where = np.stack([plane.axis[places % side], plane.axis[places // side]], axis=1)
    nearest = plane.distance.ravel()[places]
    for _ in range(min(count, len(places))):
        at = int(np.argmax(nearest))
        chosen.append(int(places[at]))
        nearest = np.minimum(nearest, np.linalg.norm(where - where[at], axis=1))
    return chosen
