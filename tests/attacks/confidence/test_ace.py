import pytest
import torch
from torch import nn

from feint.attacks import ACE, Backtracking, Budget
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.attacks.goal import Goal
from feint.errors import AttackError
from feint.estimators import Softmax
from feint.measures import label_doubt, native
from feint.predictive import Categorical


@pytest.fixture
def victim():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    return Softmax(network), torch.rand(50, 1, 8, 8)


def ace_callables(estimator, images, right):
    own = estimator(images).prediction

    def doubt(inputs, rows):
        return label_doubt(estimator(inputs), own[rows])

    return disrupt_confidence(doubt, right), keeps_label(lambda inputs, rows: estimator(inputs), own)


def test_confidence_falls_where_right_and_rises_where_wrong_and_labels_stay(victim):
    estimator, images = victim
    right = torch.arange(len(images)) % 3 > 0
    objective, condition = ace_callables(estimator, images, right)
    result = ACE()(objective, images, Budget(0.02), condition, batch_size=16)
    before, after = estimator(images), estimator(result.inputs)
    assert torch.equal(before.prediction, after.prediction)
    change = label_doubt(after, before.prediction) - label_doubt(before, before.prediction)
    assert (change[right & (result.accepted > 0)] > 0).all()
    assert (change[~right] < 0).all()
    assert (result.gradients == 1).all()


def test_stays_inside_budget_and_bounds(victim):
    estimator, images = victim
    objective, condition = ace_callables(estimator, images, torch.ones(len(images), dtype=torch.bool))
    result = ACE()(objective, images, Budget(0.3), condition)
    assert (result.radius <= 0.3 + 6e-8).all()
    assert 0 <= result.inputs.min() <= result.inputs.max() <= 1


@pytest.mark.parametrize("order", ["reversed", "shuffled", "cut"])
def test_rows_do_not_depend_on_their_neighbours(victim, order):
    estimator, images = victim
    right = torch.arange(len(images)) % 2 > 0
    objective, condition = ace_callables(estimator, images, right)
    whole = ACE()(objective, images, Budget(0.1), condition, batch_size=16)
    chosen = {
        "reversed": torch.arange(len(images)).flip(0),
        "shuffled": torch.randperm(len(images), generator=torch.Generator().manual_seed(1)),
        "cut": torch.arange(7, 20),
    }[order]
    objective, condition = ace_callables(estimator, images[chosen], right[chosen])
    part = ACE()(objective, images[chosen], Budget(0.1), condition, batch_size=16)
    assert torch.equal(part.inputs, whole.inputs[chosen])
    assert torch.equal(part.queries, whole.queries[chosen])


def test_only_inputs_in_play_are_queried_again(victim):
    estimator, images = victim
    objective, condition = ace_callables(estimator, images, torch.ones(len(images), dtype=torch.bool))
    asked = []

    def counting(inputs, rows):
        asked.append(rows.tolist())
        return condition(inputs, rows)

    result = ACE()(objective, images, Budget(0.5), counting)
    assert [len(rows) for rows in asked] == [int((result.queries > k).sum()) for k in range(len(asked))]


def test_without_a_condition_the_whole_radius_is_taken(victim):
    estimator, images = victim
    objective, _ = ace_callables(estimator, images, torch.ones(len(images), dtype=torch.bool))
    result = ACE()(objective, images, Budget(0.1))
    assert (result.accepted == 0.1).all()
    assert (result.queries == 0).all()


def test_infeasible_originals_are_said_to_be_infeasible(victim):
    _, images = victim
    never = lambda inputs, rows: torch.zeros(len(inputs), dtype=torch.bool)  # noqa: E731
    result = ACE(Backtracking(tries=3))(lambda x, rows: x.flatten(1).sum(1), images, Budget(0.1), never)
    assert not result.feasible.any()
    assert torch.equal(result.inputs, images)


def test_empty_batch(victim):
    estimator, images = victim
    objective, condition = ace_callables(estimator, images, torch.ones(len(images), dtype=torch.bool))
    assert len(ACE()(objective, images[:0], Budget(0.1), condition, batch_size=4).inputs) == 0


def test_an_objective_that_is_cut_off_from_the_inputs_is_an_error(victim):
    _, images = victim
    with pytest.raises(AttackError, match="not differentiable in the inputs"):
        ACE()(lambda x, rows: x.detach().flatten(1).sum(1), images, Budget(0.1))


def test_a_gradient_that_is_not_finite_is_an_error(victim):
    _, images = victim
    with pytest.raises(AttackError, match="NaN or infinite for 50 of 50"):
        ACE()(lambda x, rows: (x.flatten(1).sum(1) * 0).sqrt(), images, Budget(0.1))


def test_saturated_confidences_still_have_a_direction():
    """At a confidence of 1 - 1e-30, p has no gradient left in float32; its log-doubt has."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[70.0] * 4, [0.0] * 4]))
    estimator, images = Softmax(network), torch.full((1, 1, 2, 2), 0.5)
    objective, condition = ace_callables(estimator, images, torch.ones(1, dtype=torch.bool))
    result = ACE()(objective, images, Budget(0.1), condition)
    torch.testing.assert_close(result.inputs, torch.full_like(images, 0.4))


def test_goals_add_up(victim):
    _, images = victim
    first, second = Goal(lambda x, rows: x.flatten(1).sum(1)), Goal(lambda x, rows: x.flatten(1)[:, 0])
    rows = torch.arange(len(images))
    expected = images.flatten(1).sum(1) + 0.5 * images.flatten(1)[:, 0]
    torch.testing.assert_close((first + 0.5 * second)(images, rows), expected)


def test_an_estimators_own_uncertainty_is_attacked_as_any_other(victim):
    softmax, images = victim

    def estimator(inputs):
        """One whose doubt is how bright the picture is, whatever its probabilities."""
        return Categorical(softmax(inputs).log_probs, native=inputs.mean((1, 2, 3)))

    own, right = estimator(images).prediction, torch.arange(len(images)) % 3 > 0
    objective = disrupt_confidence(lambda inputs, rows: native(estimator(inputs)), right)
    result = ACE()(objective, images, Budget(0.02), keeps_label(lambda inputs, rows: estimator(inputs), own))
    change = native(estimator(result.inputs)) - native(estimator(images))
    moved = result.accepted > 0
    assert torch.equal(estimator(result.inputs).prediction, own)
    assert (right & moved).any()
    assert (~right & moved).any()
    assert (change[right & moved] > 0).all()
    assert (change[~right & moved] < 0).all()
