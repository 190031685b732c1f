"""What the report of an audit shows, as plain data; shares and areas as in the summary: not x 1000, not percent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy.typing as npt


@final
@dataclass(frozen=True)
class Score:
    """One row of the table: the clean images, or the images attacked within one radius.

    Attributes:
        radius: in units of [0, 1]; None for the clean images, which have none of the fields from ``kept`` on.
        aurc: area under the risk-coverage curve.
        e_aurc: the same, less the best possible.
        augrc: area under the generalized risk-coverage curve.
        nll: mean negative log-likelihood of the true class, nats.
        brier: mean Brier score, summed over classes.
        ece: expected calibration error, 15 equal-width bins.
        accuracy: share of correct predictions.
        kept: share of predictions that the attack left as they were.
        effective_radius: mean radius that the attack settled on.
        gradients: mean number of gradients per image.
        queries: mean number of forward passes per image.
    """

    radius: float | None
    aurc: float
    e_aurc: float
    augrc: float
    nll: float
    brier: float
    ece: float
    accuracy: float
    kept: float | None = None
    effective_radius: float | None = None
    gradients: float | None = None
    queries: float | None = None


@final
@dataclass(frozen=True, eq=False)
class RiskCurve:
    """Error rate among the most confident images, against the share of images answered; radius None: clean."""

    radius: float | None
    coverage: npt.NDArray[Any]
    risk: npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Confidences:
    """The confidence in [0, 1] of every image's prediction, and whether it is correct; radius None: clean."""

    radius: float | None
    confidence: npt.NDArray[Any]
    correct: npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class GalleryItem:
    """An image before and after the attack, height x width x channels, in [0, 1] as floats or 0 to 255 as uint8.

    Attributes:
        title: what to call it, such as "image 17".
        before: confidence in the clean prediction, in [0, 1].
        after: the same after the attack.
        attacked_prediction: where the attack changed the prediction, the new one.
    """

    title: str
    original: npt.NDArray[Any]
    attacked: npt.NDArray[Any]
    radius: float
    label: str
    prediction: str
    before: float
    after: float
    correct: bool
    attacked_prediction: str | None = None


@final
@dataclass(frozen=True)
class Rounding:
    """What is left of the attack within one radius once the attacked images are rounded to 8 bits.

    Attributes:
        kept: share of predictions that are those of the clean images.
        aurc_attacked: before rounding.
        aurc_rounded: after rounding.
        surviving: share of the increase in AURC that survives; None where there was no increase.
        pixels_changed: share of pixel values that differ from the original after rounding.
    """

    radius: float
    kept: float
    aurc_attacked: float
    aurc_rounded: float
    surviving: float | None
    pixels_changed: float


@final
@dataclass(frozen=True)
class ClassScore:
    """One true class: how many images, share correct, mean confidence clean and attacked."""

    name: str
    images: int
    accuracy: float
    clean: float
    attacked: float


@final
@dataclass(frozen=True, eq=False)
class AuditReport:
    """Everything on the page.

    Attributes:
        headline: the finding, in one sentence.
        command: the command line that made it.
        facts: name -> value, in the order they are shown: data, network, images, seed, versions, duration.
        scores: the clean row, then one per radius.
        curves: the clean curve, then one per radius.
        best: the best possible curve for the clean accuracy.
        worst: the worst possible one.
        confidences: the clean ones, then one per radius.
        classes_radius: the radius that the attacked confidences per class belong to.
        skipped: images that could not be read, and why.
    """

    title: str
    headline: str
    command: str
    facts: Mapping[str, str]
    scores: tuple[Score, ...]
    curves: tuple[RiskCurve, ...]
    best: RiskCurve
    worst: RiskCurve
    confidences: tuple[Confidences, ...]
    gallery: tuple[GalleryItem, ...] = ()
    rounding: tuple[Rounding, ...] = ()
    classes: tuple[ClassScore, ...] = ()
    classes_radius: float | None = None
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
