"""Measures, ensembles, MC dropout and temperature against torch-uncertainty and torchmetrics."""

import pytest
import torch
from torch import nn

from feint import measures
from feint.estimators import DeepEnsemble, MCDropout, Softmax, fit_temperature
from feint.predictive import Categorical

from .conftest import outside

peer = outside("torch_uncertainty.metrics.classification")
methods = outside("torch_uncertainty.methods")
scalers = outside("torch_uncertainty.post_processing")


@pytest.fixture(params=[0.3, 1.0, 5.0])
def categorical(request):
    generator = torch.Generator().manual_seed(0)
    return Categorical.from_logits(request.param * torch.randn(8, 200, 6, generator=generator, dtype=torch.float64))


def theirs(metric, probabilities):
    metric.update(probabilities)
    return metric.compute()


def test_entropies(categorical):
    draws = categorical.log_probs.exp().transpose(0, 1)  # theirs: inputs, estimators, classes
    mean = theirs(peer.Entropy(reduction=None), draws.mean(1))
    torch.testing.assert_close(measures.predictive_entropy(categorical), mean)
    # Theirs of several estimators is the mean of the entropies, not the entropy of the mean.
    torch.testing.assert_close(measures.expected_entropy(categorical), theirs(peer.Entropy(reduction=None), draws))


def test_mutual_information(categorical):
    draws = categorical.log_probs.exp().transpose(0, 1)
    expected = theirs(peer.MutualInformation(reduction=None), draws)
    torch.testing.assert_close(measures.mutual_information(categorical), expected, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Metric `VariationRatio` will save")
def test_variation_ratio(categorical):
    draws = categorical.log_probs.exp()  # theirs, other than its documentation says: estimators, inputs, classes
    expected = theirs(peer.VariationRatio(probabilistic=False, reduction=None), draws).double()
    # Theirs counts the draws against the class of largest mean probability, ours against the class of most votes.
    same = categorical.log_probs.argmax(-1).mode(0).values == categorical.prediction
    assert same.double().mean() > 0.5
    ratio = measures.variation_ratio(categorical)
    torch.testing.assert_close(ratio[same], expected[same], rtol=0, atol=1e-6)
    assert (ratio <= expected + 1e-6).all()
    # Their default is another measure: 1 - the mean probability of that class, our max_probability.
    other = theirs(peer.VariationRatio(reduction=None), draws)
    torch.testing.assert_close(measures.max_probability(categorical), other)


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 40), nn.ReLU(), nn.Dropout(0.4), nn.Linear(40, 4)).double()


def test_ensemble():
    networks, images = [network(seed).eval() for seed in range(3)], torch.rand(9, 3, 2, 2, dtype=torch.float64)
    logits = methods.deep_ensembles(networks)(images).unflatten(0, (3, 9))
    result = DeepEnsemble([Softmax(network) for network in networks])(images)
    torch.testing.assert_close(result.log_probs, logits.log_softmax(-1))


def test_mc_dropout_has_the_same_distribution():
    """Other masks, so moments are compared: the mean and spread of logits over 2,000 draws."""
    images = torch.rand(6, 3, 2, 2, dtype=torch.float64)
    torch.manual_seed(1)
    logits = methods.mc_dropout(network(0), 2000).eval()(images).unflatten(0, (2000, 6))
    drawn = logits.log_softmax(-1)
    result = MCDropout(network(0), draws=2000)(images).log_probs
    standard_error = drawn.std(0) / 2000**0.5
    assert ((result.mean(0) - drawn.mean(0)).abs() < 6 * standard_error).all()
    torch.testing.assert_close(result.std(0), drawn.std(0), rtol=0.12, atol=0)


def test_temperature():
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(500, 5, generator=generator)
    labels = torch.distributions.Categorical(logits=logits / 2).sample()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(logits, labels), batch_size=500)
    scaler = scalers.TemperatureScaler(model=nn.Identity(), lr=0.1, max_iter=200)
    scaler.fit(data, progress=False)
    expected = scaler.temperature[0].item()
    assert fit_temperature(logits, labels) == pytest.approx(expected, rel=5e-3)
