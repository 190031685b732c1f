import pytest
import torch

from feint.attacks import ACE, Backtracking, Bisection, Budget, Search
from feint.errors import AttackError


def up(inputs, rows):
    return inputs.sum(1)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan"), float("inf")])
def test_tolerance_is_a_finite_number_above_0(tolerance):
    with pytest.raises(AttackError, match="tolerance: expected a finite number above 0, got"):
        Bisection(tolerance)


def test_both_are_searches():
    assert isinstance(Bisection(), Search)
    assert isinstance(Backtracking(), Search)


def test_without_a_condition_the_whole_radius_is_taken():
    result = ACE(Bisection())(up, torch.zeros(3, 1), Budget(0.1))
    assert (result.accepted == 0.1).all()
    assert (result.queries == 0).all()


def test_how_far_the_direction_goes_may_be_said():
    inputs, radii, rows = torch.full((3, 1), 0.5), torch.tensor([0.05, 0.1, 0.2]).double(), torch.arange(3)
    for search in (Bisection(), Backtracking()):
        found = search(up, inputs, torch.ones(3, 1), Budget(0.2), None, rows=rows, radii=radii)
        torch.testing.assert_close(found.inputs - inputs, radii.unsqueeze(1).float())


def test_where_the_whole_radius_holds_one_query_is_enough():
    result = ACE(Bisection())(up, torch.zeros(3, 1), Budget(0.1), lambda x, rows: x[:, 0] < 0.5)
    assert (result.accepted == 0.1).all()
    assert (result.queries == 1).all()


def test_on_a_ray_that_crosses_more_than_once_the_point_found_is_feasible():
    islands = lambda x, rows: (x[:, 0] < 0.1) | ((x[:, 0] > 0.45) & (x[:, 0] < 0.6))  # noqa: E731
    result = ACE(Bisection())(up, torch.zeros(2, 1), Budget(1.0), islands)
    assert result.feasible.all()
    assert islands(result.inputs, None).all()


def test_where_it_holds_nowhere_the_original_is_returned():
    result = ACE(Bisection(0.01))(up, torch.zeros(2, 1), Budget(1.0), lambda x, rows: x[:, 0] < 0)
    assert torch.equal(result.inputs, torch.zeros(2, 1))
    assert not result.feasible.any()
    assert (result.queries == 1 + 7 + 1).all(), "the whole radius, seven halvings, the original"


def test_best_takes_the_highest_objective_of_the_feasible_radii():
    """-(x - 0.3)^2 has its gradient up at 0; of 0.8, 0.4, 0.2, ... the step to 0.4 is infeasible and 0.2 is best."""
    objective = lambda x, rows: -((x[:, 0] - 0.3) ** 2)  # noqa: E731
    condition = lambda x, rows: (x[:, 0] < 0.39) | (x[:, 0] > 0.5)  # noqa: E731
    first = ACE(Backtracking())(objective, torch.zeros(1, 1), Budget(0.8), condition)
    best = ACE(Backtracking(accept="best"))(objective, torch.zeros(1, 1), Budget(0.8), condition)
    assert first.accepted.item() == 0.8
    assert best.accepted.item() == pytest.approx(0.2)
    assert (first.queries.item(), best.queries.item()) == (1, 15)


def test_best_needs_no_condition():
    best = ACE(Backtracking(accept="best"))(lambda x, rows: -((x[:, 0] - 0.3) ** 2), torch.zeros(1, 1), Budget(0.8))
    assert best.accepted.item() == pytest.approx(0.4)
    assert best.queries.item() == 0
