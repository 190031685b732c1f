"""LBFGS where its curvature misleads it."""

import pytest
import torch

from feint.attacks import L2, LBFGS, Budget
from feint.attacks.quasi_newton import Curvature


@pytest.mark.parametrize("memory", [1, 10])
def test_a_failed_line_search_starts_again_from_steepest_descent(memory):
    """Almost straight up to 3, a cliff behind it.

    The only curvature is the distance's own, 2e-4 per unit: after the first step, which is 1 long, the quasi-Newton
    step is 5000 long, and still beyond the cliff after all halvings. Steepest descent walks on.
    """
    objective = lambda x, rows: torch.where(x < 3, x, 3 - 1000 * (x - 3)).sum(dim=1)  # noqa: E731
    condition = lambda x, rows: x[:, 0] >= 2.5  # noqa: E731
    points = torch.tensor([[0.0], [0.3]], dtype=torch.float64)
    attack = LBFGS(steps=10, searches=1, initial=1e-4, memory=memory)
    result = attack(objective, points, Budget(10.0, L2(), None), condition)
    assert result.feasible.all()
    assert ((result.inputs >= 2.5) & (result.inputs <= 3)).all()


def test_what_cannot_be_mended_is_given_up_after_one_more_search():
    """Everything but the start and its first step is worse, so the second line search fails, and so does the last."""
    calls = []

    def objective(x, rows):
        calls.append(len(x))
        return torch.where(x <= 1, x, 1 - 1e6 * (x - 1)).sum(dim=1)

    never = lambda x, rows: torch.zeros(len(x), dtype=torch.bool)  # noqa: E731
    attack = LBFGS(steps=50, searches=1, initial=1e-4)
    attack(objective, torch.zeros(1, 1, dtype=torch.float64), Budget(10.0, L2(), None), never)
    assert len(calls) == 2 + 12 + 12


def test_forgetting_leaves_the_others_alone():
    curvature, steps = Curvature(3), torch.eye(3, dtype=torch.float64)
    nothing = torch.zeros(3, dtype=torch.bool)
    assert not curvature.forget(~nothing).any()
    curvature.learn(steps, 2 * steps * torch.tensor([[1.0], [1.0], [0.0]], dtype=torch.float64))
    plain = torch.full((3, 1), 7.0, dtype=torch.float64)
    assert curvature.forget(torch.tensor([False, True, True])).tolist() == [False, True, False]
    expected = torch.tensor([[0.5], [7.0], [7.0]], dtype=torch.float64)
    torch.testing.assert_close(curvature.times(torch.ones(3, 3, dtype=torch.float64), plain)[:, 2:], expected)
