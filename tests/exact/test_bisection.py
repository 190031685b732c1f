"""A linear softmax model with two classes: the distance to the boundary along the sign is margin / ||w||_1."""

import pytest
import torch

from feint.attacks import ACE, Backtracking, Bisection, Budget, IterativeACE
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.measures import label_doubt
from feint.predictive import Categorical


@pytest.fixture
def linear():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 30, generator=generator, dtype=torch.float64)
    points = torch.randn(100, 30, generator=generator, dtype=torch.float64)
    difference = weight[0] - weight[1]
    predict = lambda x, rows: Categorical.from_logits(x @ weight.T)  # noqa: E731
    own = predict(points, None).prediction
    objective = disrupt_confidence(lambda x, rows: label_doubt(predict(x, rows), own[rows]), torch.ones(100) > 0)
    return points, (points @ difference).abs() / difference.abs().sum(), objective, keeps_label(predict, own)


def test_bisection_finds_the_distance_to_the_boundary(linear):
    points, distances, objective, condition = linear
    result = ACE(Bisection(1e-6))(objective, points, Budget(0.3, bounds=None), condition, batch_size=64)
    expected = distances.clamp(max=0.3)
    assert (result.accepted <= expected).all()
    assert (result.accepted > expected - 1e-6).all()
    assert 0 < (distances < 0.3).sum() < 100
    torch.testing.assert_close(result.radius, result.accepted, rtol=0, atol=1e-12)
    assert result.queries.max() <= 1 + 19 + 1, "log2(0.3 / 1e-6) = 18.2"


@pytest.mark.parametrize("radius", [0.05, 0.3])
def test_steps_on_a_linear_model_reach_the_boundary_or_the_radius(linear, radius):
    """All gradients point the same way, so each step takes up what backtracking left before the boundary."""
    points, distances, objective, condition = linear
    result = IterativeACE(10, refine=Backtracking(tries=30))(objective, points, Budget(radius, bounds=None), condition)
    expected = distances.clamp(max=radius)
    assert (result.radius <= expected + 1e-12).all()
    # Halving a step of at most the radius at least halves what is left, whatever the step's size.
    assert (result.radius >= expected * (1 - 2.0**-9)).all()
