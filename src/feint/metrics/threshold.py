"""A threshold as it is deployed: inputs of at most that uncertainty are answered, the others are left to somebody."""

import math
from dataclasses import dataclass
from typing import final

from feint.errors import InputError
from feint.metrics.inputs import Events, Scores, checked_events, checked_scores, checked_share, count_for
from feint.metrics.ties import tie_groups


@final
@dataclass(frozen=True)
class Answered:
    """What becomes of inputs at a threshold.

    Attributes:
        coverage: share of the inputs that are answered, in [0, 1].
        risk: share of errors among them, in [0, 1]; NaN where none is answered.
    """

    coverage: float
    risk: float


def threshold_at_coverage(uncertainty: Scores, coverage: float) -> float:
    """The threshold that answers a share of the inputs: the ``ceil(coverage N)``-th smallest uncertainty.

    Its equals are answered too. To be taken from held-out inputs, never from those that it is judged on.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        coverage: share of inputs to answer, in (0, 1].

    Returns:
        On the scale of the uncertainty; answers at least the coverage of these inputs.

    Raises:
        InputError: no inputs, NaN, a coverage outside (0, 1].

    Reference: Geifman & El-Yaniv 2019, "SelectiveNet", its calibration of the coverage.

    >>> import torch
    >>> threshold_at_coverage(torch.tensor([4.0, 1.0, 3.0, 2.0]), coverage=0.5)
    2.0
    """
    uncertainty = checked_scores("uncertainty", uncertainty)
    answered = count_for(checked_share("coverage", coverage, zero=False), len(uncertainty))
    return float(uncertainty.kthvalue(answered).values)


def threshold_at_risk(uncertainty: Scores, errors: Events, risk: float) -> float:
    """The highest threshold at which the share of errors among the answered inputs is at most that.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.
        risk: share of errors to bear among the answered inputs, in [0, 1].

    Returns:
        One of the uncertainties; minus infinity, which answers nothing, where every one of them is too risky.

    Raises:
        InputError: shapes that differ, no inputs, NaN, a risk outside [0, 1].

    >>> import torch
    >>> threshold_at_risk(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([False, True, False, True]), risk=0.4)
    3.0
    """
    uncertainty = checked_scores("uncertainty", uncertainty)
    groups = tie_groups(uncertainty, checked_events("errors", errors, len(uncertainty)))
    bearable = (groups.events.double() / groups.inputs <= checked_share("risk", risk, zero=True)).nonzero()
    return float(groups.scores[bearable[-1]]) if len(bearable) else -math.inf


def at_threshold(uncertainty: Scores, errors: Events, threshold: float) -> Answered:
    """How many inputs a threshold answers, and how many of these answers are wrong.

    The ACE paper judges SelectiveNet at its own coverage on the clean test set, attacked as well: ``selective_risk`` of
    the attacked inputs at ``at_threshold(clean, errors, 0.5).coverage``, with the native uncertainty 1 - g.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.
        threshold: inputs of at most this uncertainty are answered.

    Raises:
        InputError: shapes that differ, no inputs, NaN.

    Reference: Galil & El-Yaniv 2021, section 5.4.

    >>> import torch
    >>> at_threshold(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([False, True, False, True]), threshold=0.25)
    Answered(coverage=0.5, risk=0.5)
    """
    uncertainty = checked_scores("uncertainty", uncertainty)
    errors = checked_events("errors", errors, len(uncertainty))
    if math.isnan(threshold):
        raise InputError("threshold: expected a number, got NaN")
    answered = uncertainty <= threshold
    count = int(answered.sum())
    return Answered(count / len(uncertainty), int(errors[answered].sum()) / count if count else math.nan)
