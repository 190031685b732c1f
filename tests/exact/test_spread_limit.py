"""What mutual information tends to as the draws come together, and what the sum of variances tends to."""

from itertools import pairwise

import pytest
import torch

from feint.errors import NotApplicable
from feint.experiments.spread.approximations import drawn_together, small_spread_information, sum_of_variances
from feint.measures import mutual_information
from feint.predictive import Categorical

SHRINKING = [10.0**-exponent for exponent in (1, 2, 3, 4)]


def cloud(classes, draws=6, count=40, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Categorical.from_logits(
        scale * torch.randn(count, classes, generator=generator, dtype=torch.float64)
        + 0.5 * torch.randn(draws, count, classes, generator=generator, dtype=torch.float64)
    )


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("scale", [0.0, 2.0, 8.0])
def test_half_the_sum_of_variance_by_mean_is_the_limit(classes, scale):
    """The ratio is 1 + O(spread): ten times closer draws, ten times less error."""
    draws = cloud(classes, scale=scale)
    errors = []
    for factor in SHRINKING:
        closer = drawn_together(draws, factor)
        ratio = small_spread_information(closer) / mutual_information(closer)
        errors.append(float((ratio - 1).abs().max()))
    assert errors[0] < 0.2
    assert all(after < 0.15 * before for before, after in pairwise(errors))
    assert errors[-1] < 1e-4


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_sum_of_variances_tends_to_something_else(classes):
    """Where the mean is uniform, MI -> C / 2 sum of variances: their equality holds for two classes alone."""
    generator = torch.Generator().manual_seed(1)
    steps = torch.randn(5, 30, classes, generator=generator, dtype=torch.float64)
    steps -= steps.mean(dim=2, keepdim=True)
    steps -= steps.mean(dim=0)
    draws = Categorical((1 / classes + 1e-5 * steps).log())
    ratio = sum_of_variances(draws) / mutual_information(draws)
    torch.testing.assert_close(ratio, torch.full((30,), 2 / classes, dtype=torch.float64), rtol=1e-3, atol=0)
    ratio = small_spread_information(draws) / mutual_information(draws)
    torch.testing.assert_close(ratio, torch.ones(30, dtype=torch.float64), rtol=1e-3, atol=0)


@pytest.mark.parametrize("spread", [1e-6, 1e-3])
def test_two_symmetric_points(spread):
    """p = m +- d: the sum of variances is 2 d^2 and the limit d^2 / (2 m (1 - m))."""
    mean = 0.2
    first, second = mean + spread, mean - spread
    draws = Categorical(torch.tensor([[[first, 1 - first]], [[second, 1 - second]]], dtype=torch.float64).log())
    assert sum_of_variances(draws).item() == pytest.approx(2 * spread**2, rel=1e-6)
    limit = spread**2 / (2 * mean * (1 - mean))
    assert small_spread_information(draws).item() == pytest.approx(limit, rel=1e-6)
    assert mutual_information(draws).item() == pytest.approx(limit, rel=20 * spread**2 + 1e-6)


def test_the_sum_of_variances_is_the_expansion_about_one():
    """With log p = p - 1 the entropy of the mean less the mean entropy is mean_s sum p^2 - sum m^2."""
    draws = cloud(4)
    probabilities = draws.log_probs.exp()
    gini = probabilities.square().sum(2).mean(0) - probabilities.mean(0).square().sum(1)
    torch.testing.assert_close(sum_of_variances(draws), gini)


@pytest.mark.parametrize("factor", [1.0, 0.3, 1e-3])
def test_drawing_together_keeps_the_mean_and_scales_the_variance(factor):
    draws = cloud(5, scale=20.0)
    closer = drawn_together(draws, factor)
    torch.testing.assert_close(closer.mean_log_probs, draws.mean_log_probs, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(closer.log_probs.logsumexp(2), torch.zeros(6, 40, dtype=torch.float64))
    torch.testing.assert_close(sum_of_variances(closer), factor**2 * sum_of_variances(draws), rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("approximation", [sum_of_variances, small_spread_information])
def test_a_single_draw_has_no_spread(approximation):
    with pytest.raises(NotApplicable):
        approximation(Categorical.from_logits(torch.zeros(3, 4)))
