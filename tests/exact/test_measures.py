"""Measures where everything is known in closed form, up to confidences that floating point cannot tell from 1."""

import math
from fractions import Fraction

import pytest
import torch

from feint import measures
from feint.predictive import Categorical


def disagreeing(classes):
    """One draw per class, each sure of its own: as far apart as draws can be."""
    probabilities = torch.eye(classes, dtype=torch.float64) * (1 - 1e-12) + (1 - torch.eye(classes)) * 1e-12 / (
        classes - 1
    )
    return Categorical(probabilities.log().unsqueeze(1))


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@pytest.mark.parametrize("draws", [1, 7])
def test_uniform_predictions_are_the_most_uncertain_and_all_of_it_is_shared(classes, draws):
    uniform = Categorical.from_logits(torch.zeros(draws, 4, classes))
    expected = {
        "max_probability": 1 - 1 / classes,
        "margin": 1.0,
        "predictive_entropy": math.log(classes),
        "expected_entropy": math.log(classes),
    }
    if draws > 1:
        expected |= {"mutual_information": 0.0, "softmax_variance": 0.0, "variation_ratio": 0.0}
    for name, value in expected.items():
        assert getattr(measures, name)(uniform).tolist() == pytest.approx([value] * 4, abs=1e-13), name


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_draws_that_are_each_sure_of_another_class(classes):
    categorical = disagreeing(classes)
    share = Fraction(1, classes)
    expected = {
        "predictive_entropy": math.log(classes),
        "expected_entropy": 0.0,
        "mutual_information": math.log(classes),
        "softmax_variance": float(share * (1 - share)),
        "variation_ratio": float(1 - share),
        "max_probability": float(1 - share),
        "margin": 1.0,
    }
    for name, value in expected.items():
        assert getattr(measures, name)(categorical).item() == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("first", [0.999, 0.9, 0.6, 0.51])
@pytest.mark.parametrize("second", [0.8, 0.3, 0.01])
def test_two_points(first, second):
    """Two draws of two classes with p = a and p = b: mean m = (a + b) / 2."""
    categorical = Categorical(torch.tensor([[[first, 1 - first]], [[second, 1 - second]]], dtype=torch.float64).log())

    def entropy(p):
        return -p * math.log(p) - (1 - p) * math.log1p(-p)

    mean = (first + second) / 2
    within = (entropy(first) + entropy(second)) / 2
    expected = {
        "max_probability": min(mean, 1 - mean),
        "margin": 1 - abs(2 * mean - 1),
        "predictive_entropy": entropy(mean),
        "expected_entropy": within,
        "mutual_information": entropy(mean) - within,
        "softmax_variance": (first - second) ** 2 / 4,
        "variation_ratio": 0.5 if (first - 0.5) * (second - 0.5) < 0 else 0.0,
    }
    for name, value in expected.items():
        assert getattr(measures, name)(categorical).item() == pytest.approx(value, abs=1e-13), name


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0, 100.0])
def test_mutual_information_is_at_most_the_entropy_and_log_of_the_draws(scale):
    generator = torch.Generator().manual_seed(0)
    for draws, classes in ((2, 10), (5, 3), (30, 10)):
        categorical = Categorical.from_logits(scale * torch.randn(draws, 500, classes, generator=generator))
        information = measures.mutual_information(categorical)
        entropy = measures.predictive_entropy(categorical)
        assert (information >= 0).all()
        assert (information <= entropy * (1 + 1e-12)).all()
        assert (information <= math.log(min(draws, classes)) + 1e-12).all()
        rest = entropy - measures.expected_entropy(categorical)
        torch.testing.assert_close(information, rest, rtol=0, atol=1e-12)


@pytest.mark.parametrize("exponent", [5, 17, 40, 100, 140])
def test_sure_predictions_keep_all_their_digits(exponent):
    """Draws of doubt q and 3q: what the measures are to first order in q, where 1 - q is 1 in floating point."""
    q = 10.0**-exponent
    logs = [[math.log1p(-doubt), math.log(doubt)] for doubt in (q, 3 * q)]
    categorical = Categorical(torch.tensor(logs, dtype=torch.float64).unsqueeze(1))
    expected = {
        "max_probability": 2 * q,
        "margin": 4 * q,
        "predictive_entropy": 2 * q * (1 - math.log(2 * q)),
        "expected_entropy": (q * (1 - math.log(q)) + 3 * q * (1 - math.log(3 * q))) / 2,
        "mutual_information": (q * math.log(1 / 2) + 3 * q * math.log(3 / 2)) / 2,
        "softmax_variance": q * q,
    }
    for name, value in expected.items():
        assert getattr(measures, name)(categorical).item() == pytest.approx(value, rel=20 * q + 1e-9, abs=0), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("exponent", [5, 17, 30])
def test_sure_predictions_of_networks_keep_all_their_digits(exponent, dtype):
    """The same from logits, of which softmax leaves the largest log-probability a rounded one, or 0."""
    logits = torch.tensor([[[0.0, -exponent * math.log(10)]], [[0.0, math.log(3) - exponent * math.log(10)]]]).to(dtype)
    categorical = Categorical.from_logits(logits)
    first, second = (1 / (1 + math.exp(-float(each))) for each in logits[:, 0, 1])
    mean = (first + second) / 2

    def entropy(doubt):
        return -doubt * math.log(doubt) - (1 - doubt) * math.log1p(-doubt)

    def divergence(doubt):
        return doubt * math.log(doubt / mean) + (1 - doubt) * (math.log1p(-doubt) - math.log1p(-mean))

    expected = {
        "max_probability": mean,
        "margin": 2 * mean,
        "predictive_entropy": entropy(mean),
        "expected_entropy": (entropy(first) + entropy(second)) / 2,
        "mutual_information": (divergence(first) + divergence(second)) / 2,
        "softmax_variance": (first - second) ** 2 / 4,
    }
    for name, value in expected.items():
        assert getattr(measures, name)(categorical).item() == pytest.approx(value, rel=1e-6, abs=0), name


def test_rankings_of_sure_predictions_do_not_live_off_rounding():
    logits = torch.zeros(2, 400, 3, dtype=torch.float64)
    logits[0, :, 0] = torch.linspace(5, 300, 400)
    logits[1, :, 0] = logits[0, :, 0] - 1
    categorical = Categorical.from_logits(logits)
    for name in ("max_probability", "margin", "predictive_entropy", "expected_entropy", "mutual_information"):
        assert (getattr(measures, name)(categorical).diff() < 0).all(), name
    assert (measures.softmax_variance(categorical).diff() < 0).all()


def test_label_doubt_of_every_label_adds_up():
    categorical = Categorical.from_logits(torch.randn(4, 20, 5, generator=torch.Generator().manual_seed(0)))
    doubts = [measures.label_doubt(categorical, torch.full((20,), label)) for label in range(5)]
    torch.testing.assert_close(torch.stack(doubts).sum(0), torch.full((20,), 4.0, dtype=torch.float64))


def test_entropies_of_impossible_classes():
    categorical = Categorical(torch.tensor([[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]], dtype=torch.float64).log())
    for entropy in (measures.predictive_entropy, measures.expected_entropy):
        assert entropy(categorical).tolist() == pytest.approx([math.log(2), 0.0], abs=1e-15)
    apart = Categorical(torch.eye(3, dtype=torch.float64).log().unsqueeze(1))
    assert measures.mutual_information(apart).item() == pytest.approx(math.log(3))
