"""A linear softmax model with two classes: everything about one backtracked step is known in closed form."""

import math

import pytest
import torch

from feint.attacks import ACE, Backtracking, Budget
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.measures import label_doubt
from feint.predictive import Categorical


def linear_case(inputs=200, features=30, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(2, features, generator=generator, dtype=torch.float64)
    bias = torch.randn(2, generator=generator, dtype=torch.float64)
    points = torch.randn(inputs, features, generator=generator, dtype=torch.float64)
    difference = weight[0] - weight[1]
    margins = (points @ difference + bias[0] - bias[1]).abs()
    return points, lambda x, rows: Categorical.from_logits(x @ weight.T + bias), margins / difference.abs().sum()


def attack(points, predict, right, budget, search, batch_size=None):
    own = predict(points, None).prediction
    objective = disrupt_confidence(lambda x, rows: label_doubt(predict(x, rows), own[rows]), right)
    return ACE(search)(objective, points, budget, keeps_label(predict, own), batch_size=batch_size)


@pytest.mark.parametrize("decay", [0.5, 0.7])
@pytest.mark.parametrize("epsilon", [0.05, 0.3, 2.0])
def test_accepted_radius_is_the_largest_power_below_the_distance_to_the_boundary(epsilon, decay):
    points, predict, distances = linear_case()
    right = torch.ones(len(points), dtype=torch.bool)
    result = attack(points, predict, right, Budget(epsilon, bounds=None), Backtracking(decay, tries=60), batch_size=64)
    for distance, accepted, queries in zip(distances, result.accepted, result.queries, strict=True):
        power = max(0, math.ceil(math.log(distance / epsilon) / math.log(decay)))
        assert accepted.item() == epsilon * decay**power
        assert accepted.item() <= distance < (accepted.item() / decay if power else math.inf)
        assert queries == power + 1
    assert (result.accepted < epsilon).any()
    torch.testing.assert_close(result.radius, result.accepted, rtol=0, atol=1e-12)
    assert result.feasible.all()


def test_where_the_victim_is_wrong_confidence_rises_at_the_full_radius():
    points, predict, _ = linear_case()
    wrong = torch.zeros(len(points), dtype=torch.bool)
    result = attack(points, predict, wrong, Budget(0.5, bounds=None), Backtracking())
    assert (result.accepted == 0.5).all()
    own = predict(points, None).prediction
    assert (label_doubt(predict(result.inputs, None), own) < label_doubt(predict(points, None), own)).all()


def test_gives_back_the_original_after_the_last_try():
    points, predict, distances = linear_case()
    right = torch.ones(len(points), dtype=torch.bool)
    result = attack(points, predict, right, Budget(0.2, bounds=None), Backtracking(tries=2))
    gave_up = distances < 0.1
    assert 0 < gave_up.sum() < len(points)
    assert torch.equal(result.inputs[gave_up], points[gave_up])
    assert (result.accepted[gave_up] == 0).all()
    assert (result.radius[gave_up] == 0).all()
    assert result.feasible.all(), "the original keeps its own label"
    assert (result.queries[gave_up] == 3).all(), "two tries, and one look at the original"


def test_a_grid_of_radii_equals_one_attack_per_radius():
    points, predict, _ = linear_case()
    own = predict(points, None).prediction
    calls = []

    def objective(x, rows):
        calls.append(len(x))
        return label_doubt(predict(x, rows), own[rows]).log()

    budgets = [Budget(radius, bounds=None) for radius in (0.05, 0.3, 2.0)]
    grid = ACE().grid(objective, points, budgets, keeps_label(predict, own))
    assert calls == [len(points)], "one gradient for all radii"
    for budget, result in zip(budgets, grid, strict=True):
        alone = ACE()(objective, points, budget, keeps_label(predict, own))
        assert torch.equal(alone.inputs, result.inputs)
        assert torch.equal(alone.accepted, result.accepted)
