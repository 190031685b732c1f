"""Metrics take lists and arrays as they take tensors: lists in float64, for in float32 scores would be tied."""

import numpy as np
import pytest
import torch

from feint import metrics
from feint.errors import InputError

SCORES = [0.1, 0.5, 0.1 + 1e-12, 0.9]
EVENTS = [False, True, False, True]
LOG_PROBS, LABELS = [[-0.1, np.log(1 - np.exp(-0.1))]] * 4, [0, 1, 0, 1]
CALLS = {
    "aurc": (metrics.aurc, SCORES, EVENTS),
    "e_aurc": (metrics.e_aurc, SCORES, EVENTS),
    "augrc": (metrics.augrc, SCORES, EVENTS),
    "best_aurc": (metrics.best_aurc, EVENTS),
    "worst_aurc": (metrics.worst_aurc, EVENTS),
    "auroc": (metrics.auroc, SCORES, EVENTS),
    "aupr": (metrics.aupr, SCORES, EVENTS),
    "fpr_at_tpr": (metrics.fpr_at_tpr, SCORES, EVENTS),
    "ece": (metrics.ece, SCORES, EVENTS),
    "ks_error": (metrics.ks_error, SCORES, EVENTS),
    "nll": (metrics.nll, [-each for each in SCORES]),
    "brier": (metrics.brier, LOG_PROBS, LABELS),
    "kendall_tau": (metrics.kendall_tau, SCORES, SCORES[::-1]),
    "spearman": (metrics.spearman, SCORES, SCORES[::-1]),
    "selective_risk": (lambda *given: metrics.selective_risk(*given, coverage=0.5), SCORES, EVENTS),
    "threshold": (lambda *given: metrics.at_threshold(*given, threshold=0.3), SCORES, EVENTS),
    "bootstrap": (lambda *given: metrics.bootstrap(metrics.aurc, *given, resamples=5), SCORES, EVENTS),
}


@pytest.mark.parametrize("name", CALLS)
def test_lists_and_arrays_are_as_tensors_in_float64(name):
    metric, *given = CALLS[name]
    expected = metric(*(torch.from_numpy(np.array(each)) for each in given))
    assert metric(*given) == expected
    assert metric(*map(np.array, given)) == expected


def test_whole_numbers_of_a_list_are_numbers():
    assert metrics.auroc([0, 3, 1, 2], EVENTS) == 1


REFUSED = {
    "text": lambda: metrics.aurc(["a", "b"], [True, False]),
    "rows": lambda: metrics.aurc([[0.1], [0.2]], [True, False]),
    "ragged": lambda: metrics.brier([[0.0], [0.0, 1.0]], [0, 0]),
    "events as numbers": lambda: metrics.auroc([0.1, 0.2], [0.0, 1.0]),
    "labels": lambda: metrics.brier([[0.0], [0.0]], [0.0, 0.0]),
    "no values": lambda: metrics.bootstrap(lambda a: 0.0, "text"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.usefixtures("as_shipped")
def test_what_is_no_such_list(what):
    with pytest.raises(InputError, match="expected"):
        REFUSED[what]()
