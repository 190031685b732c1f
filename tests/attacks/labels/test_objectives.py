import pytest
import torch

from feint.attacks import label_objectives as goals
from feint.predictive import Categorical

ROWS = torch.arange(6)
LABELS = torch.tensor([0, 1, 1, 0, 1, 0])


def random_draws(draws, classes, scale=3.0):
    """A prediction that is a fixed linear function of the inputs, different for every draw."""
    weight = scale * torch.randn(draws, classes, 4, generator=torch.Generator().manual_seed(classes)).double()
    return lambda inputs, rows: Categorical.from_logits(torch.einsum("nd,scd->snc", inputs, weight))


@pytest.fixture
def inputs():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("draws", [1, 3])
def test_values_are_those_of_the_mean_prediction(inputs, draws, classes):
    predict = random_draws(draws, classes)
    mean = predict(inputs, ROWS).log_probs.exp().mean(dim=0)
    own = mean[ROWS, LABELS]
    others = mean.scatter(1, LABELS.unsqueeze(1), 0).amax(dim=1)
    expected = {
        goals.cross_entropy: -own.log(),
        goals.target_log_prob: own.log(),
        goals.margin: others.log() - own.log(),
        goals.target_margin: own.log() - others.log(),
        goals.gap: others - own,
        goals.target_gap: own - others,
    }
    for goal, value in expected.items():
        torch.testing.assert_close(goal(predict, LABELS)(inputs, ROWS), value)
        point = inputs.clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda x, goal=goal: goal(predict, LABELS)(x, ROWS), point)
    assert torch.equal(goals.changes_label(predict, LABELS)(inputs, ROWS), mean.argmax(dim=1) != LABELS)
    assert torch.equal(goals.reaches_label(predict, LABELS)(inputs, ROWS), mean.argmax(dim=1) == LABELS)


@pytest.mark.parametrize("goal", [goals.cross_entropy, goals.target_log_prob, goals.gap, goals.target_gap])
@pytest.mark.parametrize("logit", [60.0, -60.0])
def test_gradients_keep_their_direction_where_a_probability_rounds_to_one(goal, logit):
    logits = torch.tensor([[logit, 0.0, -1.0]], dtype=torch.float64, requires_grad=True)
    value = goal(lambda inputs, rows: Categorical.from_logits(inputs), torch.tensor([0]))(logits, torch.tensor([0]))
    (slope,) = torch.autograd.grad(value.sum(), logits)
    assert abs(float(slope.sum())) < 1e-9 * float(slope.abs().max())
    assert float(slope[0, 0]) != 0


def test_goals_look_labels_up_by_row(inputs):
    predict, rows = random_draws(1, 3), torch.tensor([4, 2])
    whole = goals.margin(predict, LABELS)(inputs, ROWS)
    torch.testing.assert_close(goals.margin(predict, LABELS)(inputs[rows], rows), whole[rows])


@pytest.mark.parametrize("goal", [goals.margin, goals.target_margin, goals.gap, goals.target_gap])
def test_success_is_the_value_above_which_the_label_is_what_was_wanted(inputs, goal):
    predict = random_draws(3, 5)
    labels = (predict(inputs, ROWS).prediction + ROWS % 2) % 5  # right for every other input
    built = goal(predict, labels)
    wanted = predict(inputs, ROWS).prediction == labels
    wanted = wanted if goal in (goals.target_margin, goals.target_gap) else ~wanted
    assert torch.equal(built(inputs, ROWS) > built.success, wanted)
    assert 0 < wanted.sum() < 6
    assert goals.cross_entropy(predict, labels).success is None
    assert (built + built).success is None
    assert (2.0 * built).success is None
