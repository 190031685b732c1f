"""The logits that estimators give on request: those that their prediction is made of."""

import pytest
import torch
from torch import nn

from feint.errors import InputError
from feint.estimators import DeepEnsemble, MCDropout, Softmax
from feint.predictive import Categorical


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 4)).eval()


INPUTS = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("estimator", "shape"),
    [
        (Softmax(network(), temperature=2.0), (5, 4)),
        (MCDropout(network(), draws=3), (3, 5, 4)),
        (DeepEnsemble([MCDropout(network(seed), draws=3) for seed in range(2)]), (6, 5, 4)),
        (DeepEnsemble([Softmax(network(seed)) for seed in range(2)]), (2, 5, 4)),
        (DeepEnsemble([Softmax(network(seed)) for seed in range(2)], average="logit"), (1, 5, 4)),
    ],
)
def test_the_prediction_is_made_of_them(estimator, shape):
    logits = estimator.logits(INPUTS)
    assert logits.shape == shape
    assert logits.dtype == torch.float32
    torch.testing.assert_close(Categorical.from_logits(logits).log_probs, estimator(INPUTS).log_probs)
    samples = torch.arange(5)
    assert torch.equal(estimator.logits(INPUTS, samples), logits)


class NoLogits(nn.Module):
    def forward(self, inputs, samples=None):
        return Categorical.from_logits(torch.zeros(len(inputs), 4))


def test_members_that_have_none_or_do_not_fit():
    with pytest.raises(InputError, match="expected members that give theirs, got NoLogits"):
        DeepEnsemble([NoLogits()]).logits(INPUTS)
    mixed = DeepEnsemble([Softmax(network()), MCDropout(network(), draws=2)])
    with pytest.raises(InputError, match=r"same draws and classes, got shapes \[\(1, 5, 4\), \(2, 5, 4\)\]"):
        mixed.logits(INPUTS)
    averaged = DeepEnsemble([MCDropout(network(), draws=2)], average="logit")
    with pytest.raises(InputError, match="members of one draw where logits are averaged, got 2"):
        averaged.logits(INPUTS)
