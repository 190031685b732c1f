"""Victims that are handed in: callables, estimators, and fresh draws of them."""

import pytest
import torch
from torch import nn

import feint
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


def audited(estimator, folder):
    images, labels = torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(1)), torch.arange(20) % 3
    return feint.audit(estimator, images, labels, radii=[0.05], root=folder, threads=1)


@pytest.mark.parametrize("around", [Softmax, lambda each: DeepEnsemble([Softmax(each)]), MCDropout])
def test_networks_inside_are_looked_at_too(around, tmp_path):
    plain = network()
    (told,) = (
        each
        for each in audited(around(plain.append(nn.Softmax(1))), tmp_path).summary["warnings"]
        if "declared" in each
    )
    assert "look like probabilities: all 20 rows" in told
    assert told.endswith("(the estimator's outputs= says otherwise)")
    batchy = nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), *network())
    with pytest.raises(NetworkError, match="other outputs when other images are in its batch"):
        audited(around(batchy), tmp_path)


def test_a_network_inside_that_draws_by_itself(tmp_path):
    class Noisy(nn.Module):
        def forward(self, images):
            return images.flatten(1) + torch.rand_like(images.flatten(1))

    with pytest.raises(NetworkError, match="draws noise of its own"):
        audited(Softmax(Noisy()), tmp_path)


def test_a_normalisation_that_an_estimator_misses(tmp_path):
    class Nearest(nn.Module):
        def forward(self, images):
            return -((images.mean(dim=(1, 2, 3))[:, None] - torch.tensor([-1.2, 0.0, 1.2])) ** 2)

    images = torch.tensor([0.45, 0.5, 0.55])[torch.arange(21) % 3].reshape(21, 1, 1, 1).repeat(1, 1, 2, 2)
    found = feint.audit(Softmax(Nearest()), images, torch.arange(21) % 3, radii=[0.01], root=tmp_path, threads=1)
    assert any("is its normalisation missing?" in each for each in found.summary["warnings"])
