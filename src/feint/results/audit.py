"""What the report of an audit shows, as plain data; shares and areas as in the summary: not x 1000, not percent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

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
        ks: Kolmogorov-Smirnov calibration error.
        kendall_tau: how much of the clean order by uncertainty is left: 1 all of it, -1 its reverse; None where there
            is no order, as all are equally uncertain.
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
    ks: float | None = None
    kendall_tau: float | None = None

    @property
    def unspent(self) -> float | None:
        """How much of the radius the attack left unused, on average; None where clean."""
        if self.radius is None or self.effective_radius is None:
            return None
        return max(self.radius - self.effective_radius, 0.0)  # a mean of float32 radii may lie a rounding above


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
class Calibration:
    """A reliability diagram: confidence against accuracy in bins of equal width; radius None: clean.

    Attributes:
        edges: of the B bins, B + 1 numbers from 0 to 1.
        count: images in each bin.
        confidence: their mean confidence, NaN where there are none.
        accuracy: their share of correct predictions, NaN where there are none.
        ece: expected calibration error over these bins.
        ks: Kolmogorov-Smirnov calibration error, which needs no bins.
    """

    radius: float | None
    edges: npt.NDArray[Any]
    count: npt.NDArray[Any]
    confidence: npt.NDArray[Any]
    accuracy: npt.NDArray[Any]
    ece: float
    ks: float


@final
@dataclass(frozen=True)
class Answered:
    """What a threshold lets through: the share of images answered, and of those answers the share that is wrong.

    Attributes:
        radius: None where clean.
        risk: None where nothing is answered.
    """

    radius: float | None
    coverage: float
    risk: float | None


@final
@dataclass(frozen=True)
class Threshold:
    """A threshold calibrated on the clean images, and what becomes of it.

    Attributes:
        calibrated_to: "coverage": answers this share of the clean images; "risk": answers as many of them as this share
            of wrong answers allows.
        value: that share.
        bound: the threshold in words, such as "confidence ≥ 93.1 %".
        clean: on the clean images.
        attacked: one per radius.
    """

    calibrated_to: Literal["coverage", "risk"]
    value: float
    bound: str
    clean: Answered
    attacked: tuple[Answered, ...]


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
        calibrations: the clean one, then one per radius.
        thresholds: calibrated on the clean images.
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
    calibrations: tuple[Calibration, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


GLOSSARY: Mapping[str, str] = {
    "Selective prediction": "The classifier answers only where it is confident enough. Coverage is the share of "
    "images it answers, risk the share of wrong answers among them.",
    "AURC": "Area under the risk-coverage curve: the mean, over the coverages k/N, of the error rate among the k "
    "most confident images. Lower is better; 0 for a classifier without errors. Shown × 1000.",
    "E-AURC": "Excess AURC: AURC less the best possible at this accuracy, where every error ranks last. Shown × 1000.",
    "AUGRC": "Area under the generalized risk-coverage curve: errors accepted, as a share of all N images, against "
    "coverage. Shown × 1000.",
    "NLL": "Mean negative log-likelihood of the true class, in nats. Lower is better.",
    "Brier": "Squared distance between the predicted probabilities and the truth, summed over classes: 0 to 2.",
    "ECE": "Expected calibration error: how far confidence and accuracy lie apart, on average over 15 equally wide "
    "bins of confidence.",
    "KS": "Calibration error without bins: the largest gap, up to any confidence, between how much confidence was "
    "promised and how many predictions were correct, as a share of all images.",
    "Radius": "The most that any pixel value may change, where values run from 0 to 1. One grey level of 255 is "
    "3.9e-3.",
    "Effective radius": "The mean radius that the attack settled on: it takes smaller steps where the full one would "
    "change the prediction, and counts as 0 where it gave up.",
    "Unspent radius": "Radius less effective radius: what the attack had no use for.",
    "Kept": "The share of images whose predicted class the attack left as it was.",
    "Kendall’s tau": "How much of an order is left: 1 all of it, 0 nothing, −1 its exact reverse.",
    "Gradients, queries": "What the attack cost: gradients and forward passes through the network, per image.",
}
"""The terms on the page, and what they mean."""
