import math

import pytest
import torch

from feint.attacks import PGD, Budget
from feint.attacks.familiarity import accept, reject, surprise
from feint.errors import AttackError
from feint.predictive import Categorical

ROWS = torch.arange(3)


def test_surprise_is_minus_log_of_the_largest_mean_probability():
    drawn = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    found = surprise(Categorical.from_logits(drawn))
    expected = -drawn.double().softmax(-1).mean(0).amax(-1).log()
    torch.testing.assert_close(found, expected)
    assert (found <= math.log(3)).all()


def test_its_gradient_is_exact_where_a_confidence_rounds_to_one():
    """-log p = log(1 + exp(-z)) for two classes, whose slope is -exp(-z) / (1 + exp(-z))."""
    lead = torch.tensor([60.0], dtype=torch.float64, requires_grad=True)
    value = surprise(Categorical.from_logits(torch.stack([lead, torch.zeros_like(lead)], dim=1)))
    (slope,) = torch.autograd.grad(value.sum(), lead)
    assert value.item() == pytest.approx(math.exp(-60))
    assert slope.item() == pytest.approx(-math.exp(-60))


def test_accept_lowers_and_reject_raises():
    level, inputs = (lambda x, rows: x.sum(1)), torch.tensor([[0.1], [0.2], [0.3]])
    torch.testing.assert_close(accept(level)(inputs, ROWS), -inputs[:, 0])
    torch.testing.assert_close(reject(level)(inputs, ROWS), inputs[:, 0])
    assert accept(level).success is None is reject(level).success
    for aim, sign in ((accept, -1), (reject, 1)):
        goal = aim(level, 0.2)
        torch.testing.assert_close(goal(inputs, ROWS), sign * (inputs[:, 0] - 0.2))
        assert goal.success == 0.0


def test_a_start_lies_as_near_as_it_is_told():
    seen = []

    def level(points, rows):
        seen.append(points.detach().clone())
        return points.flatten(1).sum(1)

    inputs, budget = torch.full((3, 1, 4, 4), 0.5), Budget(0.1)
    PGD(steps=1, start=0.001, reach=1.0)(level, inputs, budget)
    starts = [(points - inputs).abs().amax() for points in seen]
    assert 0.0005 < max(start for start in starts if start < 0.05) <= 0.001 + 1e-7
    seen.clear()
    PGD(steps=1, start=5.0)(level, inputs, budget)
    assert max((points - inputs).abs().amax() for points in seen) <= 0.1 + 1e-7, "no further than the radius"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"start": 0.0}, "start: expected a finite number above 0"),
        ({"start": 0.1, "random_start": False}, "start: expected None"),
    ],
)
def test_starts_that_there_are_not(settings, expected):
    with pytest.raises(AttackError, match=expected):
        PGD(**settings)
