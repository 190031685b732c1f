"""Uncertainty as a detector: does it flag the positives (errors, foreign inputs, attacked inputs)?"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import Events, Scores, checked_events, checked_scores, checked_share, count_for
from feint.metrics.ties import TieGroups, tie_groups


@final
@dataclass(frozen=True, eq=False)
class Roc:
    """A receiver operating characteristic: one point per threshold, after (0, 0), where nothing is flagged.

    Attributes:
        false_positive_rate: share of the negatives that score at or above the threshold, rising to 1, shape ``(T,)``.
        true_positive_rate: share of the positives that do, rising to 1, shape ``(T,)``.
        threshold: infinity, then each distinct score, falling, shape ``(T,)``.
    """

    false_positive_rate: Float[Tensor, " T"]
    true_positive_rate: Float[Tensor, " T"]
    threshold: Float[Tensor, " T"]


@final
@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """A precision-recall curve: one point per threshold.

    Attributes:
        precision: share of positives among the inputs that score at or above the threshold, shape ``(T,)``.
        recall: share of the positives that do, rising to 1, shape ``(T,)``.
        threshold: each distinct score, falling, shape ``(T,)``.
    """

    precision: Float[Tensor, " T"]
    recall: Float[Tensor, " T"]
    threshold: Float[Tensor, " T"]


def roc(scores: Scores, positives: Events) -> Roc:
    """The true against the false positive rate at every threshold.

    Args:
        scores: higher = more likely positive, any scale, shape ``(N,)``.
        positives: what is to be detected, shape ``(N,)``.

    Returns:
        The curve, float64, no point dropped (scikit-learn's ``roc_curve`` keeps all only with
        ``drop_intermediate=False``).

    Raises:
        InputError: shapes that differ, no inputs, NaN, no positives, no negatives.

    >>> roc(torch.tensor([0.1, 0.4, 0.8]), torch.tensor([False, True, True])).true_positive_rate
    tensor([0.0000, 0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    groups = _groups(scores, positives)
    start = torch.zeros(1, dtype=torch.float64)
    true, false = groups.events.double(), (groups.inputs - groups.events).double()
    return Roc(
        torch.cat([start, false / false[-1]]),
        torch.cat([start, true / true[-1]]),
        torch.cat([start + torch.inf, groups.scores]),
    )


def auroc(scores: Scores, positives: Events) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counted 1/2.

    Args:
        scores: higher = more likely positive, any scale, shape ``(N,)``.
        positives: what is to be detected, shape ``(N,)``.

    Returns:
        In [0, 1], higher is better; 1/2 for no information, below 1/2 where the order is turned around.

    Raises:
        InputError: shapes that differ, no inputs, NaN, no positives, no negatives.

    References:
        Hanley & McNeil 1982. Counted in whole numbers: exact up to one division.

    >>> auroc(torch.tensor([0.1, 0.4, 0.4, 0.8]), torch.tensor([False, False, True, True]))
    0.875
    """
    groups = _groups(scores, positives)
    start = torch.zeros(1, dtype=torch.long)
    negatives = groups.inputs - groups.events
    # Twice the pairs in the right order: a negative counts 2 for each positive above it and 1 for each beside it.
    above = torch.cat([start, groups.events[:-1]]) + groups.events
    pairs = int((negatives.diff(prepend=start) * above).sum())
    return pairs / (2 * int(groups.events[-1]) * int(negatives[-1]))


def precision_recall(scores: Scores, positives: Events) -> PrecisionRecall:
    """Precision against recall at every threshold.

    Args:
        scores: higher = more likely positive, any scale, shape ``(N,)``.
        positives: what is to be detected, shape ``(N,)``.

    Returns:
        The curve, float64. scikit-learn's runs the other way and ends in a made-up point, precision 1 at recall 0.

    Raises:
        InputError: shapes that differ, no inputs, NaN, no positives, no negatives.

    >>> precision_recall(torch.tensor([0.1, 0.4, 0.8]), torch.tensor([True, False, True])).precision
    tensor([1.0000, 0.5000, 0.6667], dtype=torch.float64)
    """
    groups = _groups(scores, positives)
    true = groups.events.double()
    return PrecisionRecall(true / groups.inputs, true / true[-1], groups.scores)


def aupr(scores: Scores, positives: Events) -> float:
    """Area under the precision-recall curve, as average precision.

    ``AP = sum_t (recall_t - recall_{t-1}) precision_t`` over falling thresholds.

    Args:
        scores: higher = more likely positive, any scale, shape ``(N,)``.
        positives: what is to be detected, shape ``(N,)``.

    Returns:
        In (0, 1], higher is better; the share of positives for no information.

    Raises:
        InputError: shapes that differ, no inputs, NaN, no positives, no negatives.

    References:
        Davis & Goadrich 2006 on why not the trapezoid rule (scikit-learn's ``auc`` of the curve), which is too
        favourable.

    >>> aupr(torch.tensor([0.1, 0.4, 0.8]), torch.tensor([False, True, True]))
    1.0
    """
    curve = precision_recall(scores, positives)
    gains = curve.recall.diff(prepend=torch.zeros(1, dtype=torch.float64))
    return min(1.0, float(gains @ curve.precision))


def fpr_at_tpr(scores: Scores, positives: Events, tpr: float = 0.95) -> float:
    """The false positive rate at the highest threshold that still flags that share of the positives.

    Args:
        scores: higher = more likely positive, any scale, shape ``(N,)``.
        positives: what is to be detected, shape ``(N,)``.
        tpr: share of the positives to flag, in (0, 1].

    Returns:
        In [0, 1], lower is better. A point of the curve, never between two; torch-uncertainty's ``FPRx`` is the same.

    Raises:
        InputError: shapes that differ, no inputs, NaN, no positives, no negatives, a share outside (0, 1].

    References:
        Hendrycks, Mazeika & Dietterich 2019. In papers on foreign inputs the positives may be the familiar
        ones, as in Liang et al. 2018: exchange the classes and negate the scores.

    >>> fpr_at_tpr(torch.tensor([0.1, 0.4, 0.3, 0.8]), torch.tensor([False, False, True, True]))
    0.5
    """
    checked_share("tpr", tpr, zero=False)
    groups = _groups(scores, positives)
    wanted = count_for(tpr, int(groups.events[-1]))
    reached = int(torch.searchsorted(groups.events, wanted))
    negatives = groups.inputs - groups.events
    return int(negatives[reached]) / int(negatives[-1])


def _groups(scores: Scores, positives: Events) -> TieGroups:
    scores = checked_scores("scores", scores)
    positives = checked_events("positives", positives, len(scores))
    if (count := int(positives.sum())) in (0, len(positives)):
        raise InputError(f"positives: expected some of each kind, got {count} positives of {len(positives)} inputs")
    return tie_groups(scores, positives, descending=True)
