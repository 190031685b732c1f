import pytest
import torch

from feint.attacks import ACE, Backtracking, Budget, IterativeACE
from feint.attacks.confidence.calibration import (
    maximum_miscalibration,
    over_confidence,
    random_confidence,
    under_confidence,
)
from feint.attacks.confidence.objectives import as_released, disrupt_confidence, keeps_label_of, steer_confidence
from feint.attacks.confidence.targets import approach, random_confidence_targets, reversal_targets
from feint.attacks.goal import logarithm
from feint.errors import AttackError
from feint.keyed import uniforms
from feint.measures import label_doubt
from feint.metrics import kendall_tau
from feint.predictive import Categorical

ROWS = torch.arange(4)


def mean(inputs, rows):
    return inputs.mean(1)


def test_steering_raises_confidence_of_the_chosen_and_lowers_the_others():
    inputs, chosen = torch.rand(4, 3) + 0.1, torch.tensor([True, False, True, False])
    level = steer_confidence(mean, chosen)(inputs, ROWS)
    torch.testing.assert_close(level, torch.where(chosen, -1, 1) * inputs.mean(1).log())
    assert torch.equal(level, disrupt_confidence(mean, ~chosen)(inputs, ROWS))
    assert torch.equal(level, maximum_miscalibration(mean, ~chosen)(inputs, ROWS))
    assert torch.equal(under_confidence(mean)(inputs, ROWS), -over_confidence(mean)(inputs, ROWS))
    assert torch.equal(level[1:3], steer_confidence(mean, chosen)(inputs[1:3], ROWS[1:3])), "rows line up"


def test_a_victim_of_labels_only():
    labels = torch.tensor([0, 1, 1, 0])
    condition = keeps_label_of(lambda x: (x[:, 0] > 0.5).long(), labels)
    assert condition(torch.tensor([[0.2], [0.4]]), torch.tensor([0, 1])).tolist() == [True, False]
    listed = keeps_label_of(lambda x: [0, 1], labels)
    assert listed(torch.zeros(2, 1), torch.tensor([0, 2])).tolist() == [True, True]
    with pytest.raises(AttackError, match=r"one integer label per input: for 4 inputs came torch.float32 of shape"):
        keeps_label_of(lambda x: x, labels)(torch.zeros(4, 1), ROWS)
    with pytest.raises(AttackError, match="one integer label per input: for 4 inputs came NoneType"):
        keeps_label_of(lambda x: None, labels)(torch.zeros(4, 1), ROWS)


def test_approach_is_highest_at_the_target_and_differentiable_at_zero_uncertainty():
    goal = approach(mean, torch.tensor([0.2, 0.5, 0.0, 0.9]))
    assert goal(torch.tensor([[0.2], [0.5], [0.0], [0.9]]), ROWS).tolist() == pytest.approx([0.0] * 4, abs=1e-6)
    assert (goal(torch.full((4, 1), 0.7), ROWS) < 0).all()
    with pytest.raises(AttackError, match="targets: expected uncertainties, got NaN for 1 of 2"):
        approach(mean, torch.tensor([-0.1, torch.nan]))


def test_below_zero_the_logarithm_still_orders_and_has_a_gradient():
    values = torch.tensor([-1e4, -7.0, -1e-3, -1e-300, 0.0, 1e-300, 1e-3, 7.0], dtype=torch.float64)
    found = logarithm(values.requires_grad_())
    assert (found.diff() > 0).all()
    torch.testing.assert_close(found[5:], values[5:].log(), rtol=0, atol=0)
    (slope,) = torch.autograd.grad(found.sum(), values)
    torch.testing.assert_close(slope, torch.where(values == 0, 0, 1 / values.abs()))
    assert torch.isfinite(logarithm(torch.tensor([-3e38, -1e-45, 0.0, 1e-45]))).all()


@pytest.mark.parametrize("shift", [0.0, -100.0])
def test_energies_are_attacked_as_any_uncertainty(shift):
    """Scores below 0 go where those above 0 go: confidence down where it is right, up where it is wrong."""

    def energy(inputs, rows):
        return inputs.mean(1) + shift

    inputs, right = torch.full((4, 3), 0.5, dtype=torch.float64), torch.tensor([True, False, True, False])
    found = ACE()(disrupt_confidence(energy, right), inputs, Budget(0.1))
    expected = torch.where(right, 0.6, 0.4).double()[:, None].expand(4, 3)
    torch.testing.assert_close(found.inputs, expected)
    assert not found.directionless.any()
    best = Backtracking(accept="best")
    targets = torch.tensor([0.45, 0.52, 0.5, 0.55], dtype=torch.float64) + shift
    found = IterativeACE(search=best, refine=best)(approach(energy, targets), inputs, Budget(0.2))
    torch.testing.assert_close(energy(found.inputs, ROWS), targets, rtol=0, atol=5e-3)


def test_reversal_targets_mirror_the_ranks():
    clean = torch.rand(50, generator=torch.Generator().manual_seed(0))
    targets = reversal_targets(clean)
    assert torch.equal(targets.sort().values, clean.sort().values)
    assert kendall_tau(clean, targets) == pytest.approx(-1)
    assert torch.equal(reversal_targets(targets), clean)
    assert len(reversal_targets(clean[:0])) == 0


def test_reversal_turns_the_order_round():
    inputs = torch.linspace(0.2, 0.8, 20).reshape(-1, 1).double()
    level = lambda x, rows: x.mean(1) + 0.1  # noqa: E731
    best = Backtracking(accept="best")
    goal = approach(level, reversal_targets(level(inputs, None)))
    result = IterativeACE(search=best, refine=best)(goal, inputs, Budget(0.7))
    assert kendall_tau(inputs[:, 0], level(result.inputs, None)) < -0.95


def test_random_confidences_are_uniform_and_keyed_by_seed_and_sample():
    samples = torch.arange(4000)
    doubt = random_confidence_targets(samples, 4, seed=3)
    assert torch.equal(doubt, random_confidence_targets(samples, 4, seed=3))
    assert torch.equal(doubt[7:9], random_confidence_targets(torch.tensor([7, 8]), 4, seed=3))
    assert not torch.equal(doubt, random_confidence_targets(samples, 4, seed=4))
    assert 0 <= doubt.min() <= doubt.max() <= 0.75
    starts = uniforms(samples, 1, seed=3).squeeze(1)  # of an attack with the same seed
    assert torch.corrcoef(torch.stack([doubt, starts]))[0, 1].abs() < 0.1
    assert doubt.mean().item() == pytest.approx(0.375, abs=0.02)
    wanted = random_confidence(mean, samples[:4], 4, seed=3)
    torch.testing.assert_close(wanted(doubt[:4].unsqueeze(1), ROWS), torch.zeros(4, dtype=torch.float64))
    with pytest.raises(AttackError, match="classes: expected at least 2, got 1"):
        random_confidence_targets(samples, 1, seed=0)


def test_as_released_the_own_logit_is_left_alone_where_its_probability_rounds_to_1():
    logits = torch.tensor([[20.0, 0.0, 3.0], [2.0, 0.0, 1.0]], requires_grad=True)
    own, rows = torch.tensor([0, 0]), torch.arange(2)

    def slope(right):
        goal = as_released(lambda inputs, rows: inputs, own, torch.tensor([right, right]))
        return torch.autograd.grad(goal(logits, rows).sum(), logits)[0]

    assert slope(True).sign().tolist() == [[0, 1, 1], [-1, 1, 1]]
    assert slope(False).sign().tolist() == [[0, -1, -1], [1, -1, -1]]
    exact = disrupt_confidence(
        lambda inputs, rows: label_doubt(Categorical.from_logits(inputs), own[rows]), torch.tensor([True, True])
    )
    (true,) = torch.autograd.grad(exact(logits, rows).sum(), logits)
    assert true.sign().tolist() == [[-1, 1, 1], [-1, 1, 1]]


def test_as_released_averages_draws():
    draws = torch.tensor([[[0.0, 1.0]], [[2.0, 0.0]]])
    goal = as_released(lambda inputs, rows: draws, torch.tensor([0]), torch.tensor([False]))
    expected = draws.softmax(-1)[:, :, 0].mean(dim=0)
    torch.testing.assert_close(goal(torch.zeros(1, 1), torch.arange(1)), expected)
