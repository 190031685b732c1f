"""Calibration of the top-1 confidence: does a confidence of 80 % mean right in 80 % of cases?"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import Events, Scores, checked_events, checked_scores
from feint.metrics.ties import sorted_scores


@final
@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: bin b holds the confidences in ``(lower, upper]``, the first one also 0.

    Attributes:
        lower: lower edge of each bin, shape ``(B,)``.
        upper: upper edge of each bin, shape ``(B,)``.
        count: inputs in each bin, shape ``(B,)``.
        confidence: their mean confidence, NaN where there is none, shape ``(B,)``.
        accuracy: their share of right predictions, NaN where there is none, shape ``(B,)``.
    """

    lower: Float[Tensor, " B"]
    upper: Float[Tensor, " B"]
    count: Int[Tensor, " B"]
    confidence: Float[Tensor, " B"]
    accuracy: Float[Tensor, " B"]


def reliability(confidence: Scores, correct: Events, bins: int = 15) -> Reliability:
    """Mean confidence and accuracy in bins of equal width over [0, 1].

    Args:
        confidence: probability of the predicted class, in [0, 1], shape ``(N,)``.
        correct: True where the prediction is right, shape ``(N,)``.
        bins: how many, at least 1.

    Raises:
        InputError: shapes that differ, no inputs, NaN, confidences outside [0, 1], no bins.

    References:
        DeGroot & Fienberg 1983; Guo et al. 2017, section 2.

    >>> reliability(torch.tensor([0.2, 0.9, 0.8]), torch.tensor([False, True, False]), bins=2).accuracy
    tensor([0.0000, 0.5000], dtype=torch.float64)
    """
    if bins < 1:
        raise InputError(f"bins: expected at least 1, got {bins}")
    confidence, correct = _checked(confidence, correct)
    edges = torch.arange(bins + 1).double() / bins
    bin_of = torch.bucketize(confidence, edges[1:-1])
    count = bin_of.bincount(minlength=bins)
    return Reliability(
        edges[:-1],
        edges[1:],
        count,
        bin_of.bincount(confidence, minlength=bins) / count,
        bin_of.bincount(correct.double(), minlength=bins) / count,
    )


def ece(confidence: Scores, correct: Events, bins: int = 15) -> float:
    """Expected calibration error.

    ``ECE = sum_b (n_b / N) |accuracy_b - confidence_b|`` over bins of equal width.

    Args:
        confidence: probability of the predicted class, in [0, 1], shape ``(N,)``.
        correct: True where the prediction is right, shape ``(N,)``.
        bins: how many, at least 1.

    Returns:
        In [0, 1], lower is better.

    Raises:
        InputError: shapes that differ, no inputs, NaN, confidences outside [0, 1], no bins.

    References:
        Naeini et al. 2015; Guo et al. 2017, eq. 3, whose bins are open below, as here. torchmetrics' are open above, so
        that confidences of exactly 1 make a bin of their own.

    >>> ece(torch.tensor([1.0, 1.0, 0.5, 0.5]), torch.tensor([True, False, True, False]))
    0.25
    """
    curve = reliability(confidence, correct, bins)
    gaps = (curve.accuracy - curve.confidence).abs().nan_to_num(nan=0.0)
    return float(curve.count.double() @ gaps) / int(curve.count.sum())


def ks_error(confidence: Scores, correct: Events) -> float:
    """Kolmogorov-Smirnov calibration error of the top-1 confidence: no bins.

    ``KS = max_t 1/N |sum over i with confidence_i <= t of (correct_i - confidence_i)|``

    Args:
        confidence: probability of the predicted class, in [0, 1], shape ``(N,)``.
        correct: True where the prediction is right, shape ``(N,)``.

    Returns:
        In [0, 1], lower is better.

    Raises:
        InputError: shapes that differ, no inputs, NaN, confidences outside [0, 1].

    References:
        Gupta et al. 2021. Theirs is read off after each input, which depends on the order of equal confidences;
        here after all of them.

    >>> ks_error(torch.tensor([1.0, 1.0, 0.5, 0.5]), torch.tensor([True, False, True, False]))
    0.25
    """
    confidence, correct = _checked(confidence, correct)
    confidence, order = sorted_scores(confidence)
    gaps = (correct[order].double() - confidence).cumsum(dim=0).abs() / len(confidence)
    inside = confidence[1:] == confidence[:-1]
    gaps[:-1][inside] = 0.0
    return float(gaps.max())


def _checked(confidence: Scores, correct: Events) -> tuple[Float[Tensor, " N"], Bool[Tensor, " N"]]:
    confidence = checked_scores("confidence", confidence)
    correct = checked_events("correct", correct, len(confidence))
    low, high = (float(bound) for bound in confidence.aminmax())
    if low < -1e-6 or high > 1 + 1e-6:
        raise InputError(f"confidence: expected probabilities in [0, 1], got {low:.4g} to {high:.4g}")
    return confidence.clamp(0, 1), correct
