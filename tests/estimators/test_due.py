import math
import sys

import pytest
import torch
from torch import nn

from feint.errors import InputError, NetworkError
from feint.estimators import DUE, predict
from feint.estimators.due.clusters import k_means


class Blobs:
    """Three clouds of points in the plane, one for each class."""

    shape = (2,)

    def __len__(self):
        return 90

    def gather(self, positions):
        rows = torch.tensor(list(positions))
        centres = torch.tensor([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]])
        noise = torch.randn(90, 2, generator=torch.Generator().manual_seed(0)) * 0.05
        return centres[rows % 3] + noise[rows], rows % 3, rows


def build(seed=0, **settings):
    torch.manual_seed(seed)
    features = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4))
    return DUE(features, 3, (2,), **settings)


def moved(seed=0, **settings):
    """After begin, with every parameter of the process somewhere else."""
    due = build(seed, **settings)
    torch.manual_seed(seed + 1)
    due.begin(Blobs())
    with torch.no_grad():
        for parameter in due.process.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return due.double()


@pytest.mark.parametrize("inducing", [3, 7])
def test_marginals_are_gpytorchs(inducing):
    due = moved(inducing=inducing)
    points = torch.rand(11, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4)) * 2 - 0.5
    with torch.no_grad():
        features = due.features(points)
        mean, variance = due.posterior().marginals(features)
        theirs = due.process.eval()(features)
    torch.testing.assert_close(mean, theirs.mean, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(variance, theirs.variance, rtol=1e-8, atol=1e-10)


def test_surprise_is_the_mean_loss_of_the_class_that_is_predicted():
    due = moved(draws=4)
    points = Blobs().gather(range(6))[0].double()
    with torch.no_grad():
        found, surprise = due(points), due.surprise(points)
    for row, own in enumerate(found.prediction.tolist()):
        losses = [-found.log_probs[draw, row, own].item() for draw in range(4)]
        assert surprise[row].item() == pytest.approx(sum(losses) / 4)


def test_draws_are_marginals_and_one_noise():
    due = moved(draws=4000)
    points = Blobs().gather(range(5))[0].double()
    with torch.no_grad():
        mean, variance = due.posterior().marginals(due.features(points))
        logits = due._logits(points)
        result = due(points)
    assert logits.shape == (4000, 5, 3)
    torch.testing.assert_close(logits.mean(0), mean, rtol=0, atol=0.06)
    torch.testing.assert_close(logits.var(0), variance, rtol=0.1, atol=0)
    noise = (logits - mean) / variance.sqrt()
    torch.testing.assert_close(noise[:, 0], noise[:, 4])
    torch.testing.assert_close(result.log_probs, logits.log_softmax(-1))
    assert result.native is None


def test_predicts_in_float64_whatever_its_features_are():
    due = build().eval()
    assert due._logits(Blobs().gather(range(5))[0]).dtype == torch.float64


def test_a_number_of_0_is_drawn_far_out_but_not_at_infinity(monkeypatch):
    import feint.estimators.due.estimator as module

    monkeypatch.setattr(module, "uniforms", lambda keys, count, seed: torch.zeros(len(keys), count).double())
    assert ((build(draws=2).noise > -9) & (build(draws=2).noise < -8)).all()


def test_gpytorchs_samples_depend_on_the_neighbours_and_ours_do_not():
    due = moved(draws=8).float()
    points = Blobs().gather(range(12))[0]
    others = torch.cat([points[:4], points[4:] + 3])
    assert torch.equal(due(points).log_probs[:, :4], due(others).log_probs[:, :4])
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    whole = predict(due, points, batch_size=5).log_probs
    assert torch.equal(predict(due, points[order], batch_size=5).log_probs, whole[:, order])
    assert torch.equal(predict(due, points[7:], batch_size=5).log_probs, whole[:, 7:])


def test_the_loss_is_gpytorchs_bound():
    import gpytorch

    due = moved()
    points, labels, _ = Blobs().gather(range(30))
    due.train()
    torch.manual_seed(3)
    loss = due.step(points.double(), labels)
    features = due.features(points.double())
    mean, variance = due.posterior().marginals(features)
    torch.manual_seed(3)
    with gpytorch.settings.num_likelihood_samples(10):
        draws = torch.distributions.Normal(mean, variance.sqrt()).rsample((10,))
    expected = draws.log_softmax(-1)[:, torch.arange(30), labels].mean()
    values, prior = due.process.strategy.variational_distribution, due.process.strategy.prior_distribution
    divergence = torch.distributions.kl_divergence(values, prior).sum() / 90
    torch.testing.assert_close(loss, divergence - expected, rtol=1e-3, atol=1e-3)


def test_seed_and_draws():
    assert torch.equal(build(draws=5).noise, build(draws=9).noise[:5])
    assert not torch.equal(build(seed=0).noise, DUE(nn.Linear(2, 4), 3, (2,), seed=1).noise)


def test_begin_sets_inducing_points_and_length_scale_by_the_features():
    due = build()
    torch.manual_seed(0)
    due.begin(Blobs())
    with torch.no_grad():
        features = due.features(Blobs().gather(range(90))[0])
    centres = torch.stack([features[torch.arange(90) % 3 == label].mean(0) for label in range(3)])
    near = torch.cdist(due.posterior().inducing.detach(), centres).amin(dim=0)
    assert (near < 1e-4).all()
    torch.testing.assert_close(due.posterior().length_scale, torch.pdist(features).mean().expand(3))


@pytest.mark.parametrize("seed", range(5))
def test_features_have_something_to_learn_by_from_the_first_step(seed):
    """Where every value at the inducing points is 0, the mean is flat in the features, whatever these are."""
    due = build(seed)
    torch.manual_seed(seed)
    due.begin(Blobs())
    features = due.features(Blobs().gather(range(90))[0])
    mean, _ = due.posterior().marginals(features)
    assert mean.std(dim=0).min() > 0.1
    (slope,) = torch.autograd.grad((mean - mean.mean(0)).square().sum(), features)
    assert slope.norm(dim=1).min() > 0.01


def test_k_means_finds_what_is_apart():
    points = torch.cat([torch.randn(40, 3, generator=torch.Generator().manual_seed(0)) * 0.01 + at for at in range(4)])
    torch.manual_seed(0)
    centres = k_means(points, 4)
    torch.testing.assert_close(centres[:, 0].sort().values, torch.arange(4.0), rtol=0, atol=0.01)
    with pytest.raises(NetworkError, match="features: expected at least 4 different ones for as many centres, got 2"):
        k_means(torch.eye(2).repeat(5, 1), 4)


def test_a_centre_that_nothing_belongs_to_stays_where_it_is(monkeypatch):
    """By hand: of the first three points as centres, the second takes the fourth, and loses all it has at (8, 2)."""
    points = torch.tensor([[6.0, 8.0], [11.0, 2.0], [11.0, 3.0], [5.0, 2.0], [4.0, 2.0]])
    following = iter([1, 2])
    monkeypatch.setattr(torch, "randint", lambda *_: torch.tensor([0]))
    monkeypatch.setattr(torch, "multinomial", lambda *_: torch.tensor([next(following)]))
    assert k_means(points, 3).tolist() == [[5.0, 4.0], [8.0, 2.0], [11.0, 2.5]]


def test_all_that_is_saved_is_finite():
    assert all(torch.isfinite(value).all() for value in build().state_dict().values())


@pytest.mark.parametrize("seed", range(3))
def test_the_far_away_are_unsure(seed):
    torch.manual_seed(seed)
    due = DUE(nn.Linear(2, 4), 3, (2,), draws=64)  # linear, so that what is far has features that are far
    due.begin(Blobs())
    optimizer = torch.optim.Adam(due.parameters(), lr=0.05)
    points, labels, _ = Blobs().gather(range(90))
    for _ in range(100):
        optimizer.zero_grad()
        due.step(points, labels).backward()
        optimizer.step()
        due.after_step()
    result = due(points)
    assert (result.prediction == labels).all()
    far = due(torch.tensor([[30.0, -30.0], [-25.0, 10.0]]))
    entropy = [-(r.mean_log_probs.exp() * r.mean_log_probs).sum(-1).mean() for r in (result, far)]
    assert entropy[1] > 2 * entropy[0]
    assert math.isfinite(float(entropy[1]))


def test_without_gpytorch_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpytorch", None)
    monkeypatch.delitem(sys.modules, "feint.estimators.due.gaussian_process", raising=False)
    with pytest.raises(InputError, match=r"due: expected gpytorch, which is not installed: pip install 'feint\[due\]'"):
        build()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"draws": 0}, "draws: expected at least 1, got 0"),
        ({"inducing": 0}, "inducing: expected None or at least 1, got 0"),
    ],
)
def test_settings_out_of_range(setting, message):
    with pytest.raises(InputError, match=message):
        build(**setting)


def test_its_surprise_is_the_mean_loss_of_its_draws_at_the_class_that_it_predicts():
    due = moved()
    points = Blobs().gather(range(12))[0].double().requires_grad_()
    found = due(points)
    own = found.prediction
    expected = torch.stack([-draw[torch.arange(12), own] for draw in found.log_probs]).mean(0)
    torch.testing.assert_close(due.surprise(points), expected)
    assert (due.surprise(points) >= -found.mean_log_probs.amax(1)).all()
    (slope,) = torch.autograd.grad(due.surprise(points).sum(), points)
    assert torch.isfinite(slope).all()
    assert slope.abs().max() > 0
