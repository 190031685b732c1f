"""IterativeACE: what holds for every network."""

import pytest
import torch
from torch import nn

from feint.attacks import ACE, Attack, Backtracking, Bisection, Budget, IterativeACE
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.attacks.evaluation import values
from feint.errors import AttackError
from feint.estimators import Softmax
from feint.measures import label_doubt

COUNT, BATCH = 40, 16


@pytest.fixture
def victim():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 36, 5))
        return Softmax(network), torch.rand(COUNT, 1, 8, 8)


def callables(estimator, images, right):
    own = estimator(images).prediction
    objective = disrupt_confidence(lambda inputs, rows: label_doubt(estimator(inputs), own[rows]), right)
    return objective, keeps_label(lambda inputs, rows: estimator(inputs), own)


def some_right(count=COUNT):
    return torch.arange(count) % 3 > 0


@pytest.mark.parametrize("radius", [0.05, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("search", [Backtracking(), Backtracking(accept="best"), Bisection()])
def test_inside_budget_and_bounds_label_kept_and_never_weaker_than_one_step_or_none(victim, radius, momentum, search):
    estimator, images = victim
    objective, condition = callables(estimator, images, some_right())
    budget, rows = Budget(radius), torch.arange(COUNT)
    single = ACE(search)(objective, images, budget, condition, batch_size=BATCH)
    several = IterativeACE(5, momentum, search=search)(objective, images, budget, condition, batch_size=BATCH)
    assert several.feasible.all()
    assert condition(several.inputs, rows).all()
    assert (several.radius <= radius + 6e-8).all()
    assert 0 <= several.inputs.min() <= several.inputs.max() <= 1
    reached = values(objective, several.inputs, rows, BATCH)
    assert (reached >= values(objective, single.inputs, rows, BATCH)).all()
    assert (reached >= values(objective, images, rows, BATCH)).all()
    assert (reached > values(objective, single.inputs, rows, BATCH)).any()
    assert (several.queries >= single.queries).all()
    assert (several.gradients <= 5).all()


def test_one_step_is_ace_but_for_points_worse_than_the_original(victim):
    estimator, images = victim
    objective, condition = callables(estimator, images, some_right())
    single = ACE()(objective, images, Budget(0.02), condition, batch_size=BATCH)
    same = IterativeACE(1)(objective, images, Budget(0.02), condition, batch_size=BATCH)
    assert torch.equal(single.inputs, same.inputs)
    assert torch.equal(single.accepted, same.accepted)
    assert torch.equal(single.gradients, same.gradients)


def test_a_step_that_overshoots_gives_back_the_original():
    images = torch.full((3, 1), 0.5)
    result = IterativeACE(1)(lambda x, rows: -(x - 0.51).abs().sum(1), images, Budget(0.3))
    assert torch.equal(result.inputs, images)
    assert (result.accepted == 0).all()
    result = IterativeACE(10)(lambda x, rows: -(x - 0.51).abs().sum(1), images, Budget(0.3))
    assert ((result.inputs - 0.51).abs() < 0.01).all()


@pytest.mark.parametrize("order", ["reversed", "cut"])
def test_rows_do_not_depend_on_their_neighbours(victim, order):
    estimator, images = victim
    right = some_right()
    attack = IterativeACE(4)
    whole = attack(*with_budget(callables(estimator, images, right), images, 0.1), batch_size=BATCH)
    chosen = {"reversed": torch.arange(COUNT).flip(0), "cut": torch.arange(7, 20)}[order]
    part = attack(
        *with_budget(callables(estimator, images[chosen], right[chosen]), images[chosen], 0.1), batch_size=BATCH
    )
    assert torch.equal(part.inputs, whole.inputs[chosen])
    assert torch.equal(part.queries, whole.queries[chosen])
    assert torch.equal(part.gradients, whole.gradients[chosen])


def with_budget(made, images, radius):
    objective, condition = made
    return objective, images, Budget(radius), condition


def test_a_grid_equals_one_attack_per_radius(victim):
    estimator, images = victim
    objective, condition = callables(estimator, images, some_right())
    budgets = [Budget(radius) for radius in (0.01, 0.1)]
    grid = IterativeACE(3).grid(objective, images, budgets, condition, batch_size=BATCH)
    for budget, result in zip(budgets, grid, strict=True):
        alone = IterativeACE(3)(objective, images, budget, condition, batch_size=BATCH)
        assert torch.equal(alone.inputs, result.inputs)
        assert torch.equal(alone.gradients, result.gradients)
    assert IterativeACE().grid(objective, images, []) == []


def test_inputs_that_cannot_move_drop_out(victim):
    """A linear objective: the single step ends in a corner of the ball, and there is nowhere left to go."""
    _, images = victim
    asked = []

    def objective(x, rows):
        asked.append(len(rows))
        return x.flatten(1).sum(1)

    result = IterativeACE(10)(objective, images, Budget(0.1))
    assert (result.gradients == 2).all(), "one at the start, one in the corner"
    assert len(asked) == 3, "and one value"
    torch.testing.assert_close(result.inputs, (images + 0.1).clamp(max=1))
    assert (result.accepted == 0.1).all()


def test_an_infeasible_start_without_a_way_out_stays_infeasible(victim):
    _, images = victim
    never = lambda inputs, rows: torch.zeros(len(inputs), dtype=torch.bool)  # noqa: E731
    result = IterativeACE(3, momentum=0.5)(lambda x, rows: x.flatten(1).sum(1), images, Budget(0.1), never)
    assert not result.feasible.any()
    assert torch.equal(result.inputs, images)


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_no_inputs_and_no_radius(victim, momentum):
    estimator, images = victim
    objective, condition = callables(estimator, images, some_right())
    attack = IterativeACE(3, momentum)
    assert len(attack(objective, images[:0], Budget(0.1), condition, batch_size=4).inputs) == 0
    assert torch.equal(attack(objective, images, Budget(0.0), condition, batch_size=4).inputs, images)


def test_settings():
    assert isinstance(IterativeACE(), Attack)
    with pytest.raises(AttackError, match="steps: expected at least 1, got 0"):
        IterativeACE(0)
    with pytest.raises(AttackError, match="momentum: expected a number from 0 to 1, got 2"):
        IterativeACE(momentum=2.0)
