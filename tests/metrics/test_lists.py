"""Metrics take tensors: a list would come to float32, in which scores are tied that were not."""

import pytest
import torch

from feint import metrics
from feint.errors import InputError

SCORES, RIGHT = [0.1, 0.2], [True, False]
CALLS = {
    "scores": lambda: metrics.aurc(SCORES, torch.tensor(RIGHT)),
    "events": lambda: metrics.auroc(torch.tensor(SCORES), RIGHT),
    "labels": lambda: metrics.brier(torch.zeros(2, 1), [0, 0]),
    "log-probabilities": lambda: metrics.brier([[0.0]], [0]),
    "tensors": lambda: metrics.bootstrap(lambda a: 0.0, SCORES),
}


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.usefixtures("as_shipped")
def test_lists_are_refused(what):
    with pytest.raises(InputError, match="got a list, no tensor"):
        CALLS[what]()
