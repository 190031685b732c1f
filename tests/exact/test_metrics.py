"""Metrics in cases small or regular enough to be known exactly."""

import itertools
import math

import pytest
import torch

from feint import metrics


def drawn(seed: int, count: int, levels: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    uncertainty = torch.randint(levels, (count,), generator=generator).double() / levels
    return uncertainty, torch.rand(count, generator=generator) < 0.4


def test_two_points() -> None:
    right, wrong = torch.tensor([0.1, 0.9]), torch.tensor([0.9, 0.1])
    errors = torch.tensor([False, True])
    assert metrics.aurc(right, errors) == 0.25 == metrics.best_aurc(errors)
    assert metrics.aurc(wrong, errors) == 0.75 == metrics.worst_aurc(errors)
    assert metrics.aurc(torch.zeros(2), errors) == 0.5
    assert (metrics.e_aurc(right, errors), metrics.e_aurc(wrong, errors)) == (0.0, 0.5)
    # The generalized risk runs through (0, 0), (1/2, 0), (1, 1/2) and through (0, 0), (1/2, 1/2), (1, 1/2).
    assert metrics.augrc(right, errors) == 0.125
    assert metrics.augrc(wrong, errors) == 0.375


def test_ties_are_the_expectation_over_random_order() -> None:
    for seed in range(5):
        uncertainty, errors = drawn(seed, 6, 3)
        orders = [
            order
            for order in itertools.permutations(range(6))
            if all(uncertainty[i] <= uncertainty[j] for i, j in itertools.pairwise(order))
        ]
        risks = torch.stack([errors[list(order)].double().cumsum(0) / torch.arange(1, 7).double() for order in orders])
        torch.testing.assert_close(metrics.risk_coverage(uncertainty, errors).risk, risks.mean(dim=0))


def test_no_ranking_at_all_is_the_error_rate_everywhere() -> None:
    errors = torch.tensor([True] * 3 + [False] * 7)
    risk = metrics.risk_coverage(torch.full((10,), 0.5), errors).risk
    torch.testing.assert_close(risk, torch.full((10,), 0.3, dtype=torch.float64), rtol=0, atol=1e-16)
    assert metrics.coverage_at_risk(torch.zeros(10), errors, 0.3) == 1


def test_the_limits_of_the_optimum_and_the_worst() -> None:
    errors = torch.arange(200_000) < 20_000
    rate = 0.1
    assert metrics.best_aurc(errors) == pytest.approx(rate + (1 - rate) * math.log(1 - rate), abs=1e-5)
    assert metrics.worst_aurc(errors) == pytest.approx(rate - rate * math.log(rate), abs=1e-5)


def test_every_ranking_lies_between_the_best_and_the_worst() -> None:
    errors = torch.tensor([True, False, True, False, False])
    areas = [metrics.aurc(torch.tensor(order).double(), errors) for order in itertools.permutations(range(5))]
    assert min(areas) == metrics.best_aurc(errors)
    assert max(areas) == metrics.worst_aurc(errors)


def test_without_errors_and_with_nothing_else() -> None:
    uncertainty, _ = drawn(0, 50, 7)
    none, all_wrong = torch.zeros(50, dtype=torch.bool), torch.ones(50, dtype=torch.bool)
    assert metrics.aurc(uncertainty, none) == metrics.augrc(uncertainty, none) == metrics.e_aurc(uncertainty, none) == 0
    assert metrics.aurc(uncertainty, all_wrong) == metrics.worst_aurc(all_wrong) == 1
    assert metrics.e_aurc(uncertainty, all_wrong) == 0
    assert metrics.augrc(uncertainty, all_wrong) == 0.5


def test_uniform_predictions() -> None:
    log_probs = torch.full((8, 4), 0.25, dtype=torch.float64).log()
    labels = torch.arange(8) % 4
    assert metrics.nll(log_probs[:, 0]) == pytest.approx(math.log(4))
    assert metrics.brier(log_probs, labels) == pytest.approx(0.75)
    assert metrics.brier(log_probs, labels, "mean") == pytest.approx(0.75 / 4)
    assert metrics.ece(log_probs[:, 0].exp(), labels == 0) == metrics.ks_error(log_probs[:, 0].exp(), labels == 0) == 0


def test_a_nearly_sure_prediction_keeps_its_brier_term() -> None:
    log_probs = torch.tensor([[50.0, 0.0, 0.0]], dtype=torch.float64).log_softmax(dim=1)
    other = math.exp(-50)
    assert metrics.brier(log_probs, torch.tensor([0])) == pytest.approx(6 * other**2, rel=1e-12)
