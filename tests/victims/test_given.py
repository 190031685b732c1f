"""Victims that are handed in: callables, estimators, and fresh draws of them."""

import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.estimators import DeepEnsemble, MCDropout, Softmax, predict
from feint.victims.loading.given import Called, is_estimator, is_stochastic, redrawn

IMAGES = torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(0))


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3)).eval()


def log_probs(estimator):
    return predict(estimator, IMAGES, torch.arange(5), batch_size=5).log_probs


def test_a_callable_gives_logits_or_probabilities():
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    found = [Called(lambda images: logits)(IMAGES), Called(lambda images: logits.softmax(1).numpy())(IMAGES)]
    assert torch.equal(found[0], logits)
    assert torch.allclose(found[1].softmax(1), logits.softmax(1), atol=1e-6)
    certain = Called(lambda images: torch.eye(3)[[0, 1, 2, 0, 1]])(IMAGES)
    assert torch.isfinite(certain).all()


def test_no_gradient_passes_through_a_callable():
    images = IMAGES.clone().requires_grad_()
    assert not Called(network())(images).requires_grad


@pytest.mark.parametrize("wrong", [torch.zeros(5), torch.zeros(4, 3), torch.zeros(5, 3, 1)])
def test_a_callable_of_another_shape(wrong):
    with pytest.raises(NetworkError, match=r"a victim returns \(N, C\): for 5 images came"):
        Called(lambda images: wrong)(IMAGES)


def test_what_is_an_estimator_and_what_draws():
    mc, plain = MCDropout(network(), draws=3), Softmax(network())
    ensemble = DeepEnsemble([plain, MCDropout(network(1), draws=3)])
    assert [is_estimator(each) for each in (mc, plain, ensemble, network(), Called(network()), len)] == [
        *(3 * [True]),
        *(3 * [False]),
    ]
    assert [is_stochastic(each) for each in (mc, plain, ensemble, network())] == [True, False, True, False]


class Around(nn.Module):
    """An estimator of somebody else's that holds one of ours."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs, samples=None):
        return self.inner(inputs, samples)


@pytest.mark.parametrize("around", [lambda each: each, lambda each: DeepEnsemble([each]), Around])
def test_fresh_draws(around):
    ours = around(MCDropout(network(), draws=4, seed=5))
    before = log_probs(ours)
    again, other = log_probs(redrawn(ours, 0)), log_probs(redrawn(ours, 2))
    assert torch.equal(again, before)
    assert not torch.equal(other, before)
    assert torch.equal(other, log_probs(around(MCDropout(network(), draws=4, seed=7))))
    assert torch.equal(log_probs(ours), before)  # what was handed in is as it was


def test_what_does_not_draw_stays():
    plain = Softmax(network())
    assert redrawn(plain, 3) is plain
