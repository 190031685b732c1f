"""Attacks on labels where the answer is known in closed form: linear models."""

from dataclasses import replace

import pytest
import torch

from feint.attacks import BIM, FGSM, L2, LBFGS, MIM, PGD, Budget, CarliniWagner, Linf
from feint.attacks import label_objectives as goals
from feint.predictive import Categorical

CARLINI_WAGNER = CarliniWagner(steps=120, step=0.03, searches=6, initial=0.5)


def linear_case(inputs=10, features=12, seed=0):
    """A two-class linear model in float64, its points, and the difference of its weights."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(2, features, generator=generator, dtype=torch.float64)
    points = torch.randn(inputs, features, generator=generator, dtype=torch.float64)
    return points, lambda x, rows: Categorical.from_logits(x @ weight.T), weight[0] - weight[1]


@pytest.mark.parametrize(
    "attack", [FGSM(), BIM(), MIM(), PGD(steps=25, step=0.3, restarts=2)], ids=lambda a: type(a).__name__
)
@pytest.mark.parametrize("norm", [Linf(), L2()])
def test_on_a_linear_model_all_end_at_the_corner_or_pole_of_the_ball(attack, norm):
    points, predict, difference = linear_case()
    labels = predict(points, None).prediction
    towards = torch.where(labels == 0, -1.0, 1.0).double().unsqueeze(1) * difference
    expected = {
        Linf(): points + 0.3 * towards.sign(),
        L2(): points + 0.3 * towards / difference.square().sum().sqrt(),
    }[norm]
    result = attack(goals.cross_entropy(predict, labels), points, Budget(0.3, norm, bounds=None), batch_size=16)
    # In L2, a step of the radius halves the angle between a random start and the pole.
    tolerance = 1e-6 if isinstance(attack, PGD) and norm == L2() else 1e-9
    torch.testing.assert_close(result.inputs, expected, atol=tolerance, rtol=0)
    assert (result.accepted == 0.3).all()


@pytest.mark.parametrize("bounds", [None, (-6.0, 6.0)])
@pytest.mark.parametrize(
    "attack", [CARLINI_WAGNER, LBFGS(searches=10), LBFGS(searches=10, memory=1)], ids=["cw", "lbfgs", "lbfgs-1"]
)
def test_minimum_distance_is_the_distance_to_the_boundary(attack, bounds):
    points, predict, difference = linear_case()
    labels = predict(points, None).prediction
    margins = (points @ difference).abs()
    if bounds and isinstance(attack, CarliniWagner):
        attack = replace(attack, step=attack.step / 6)  # a unit of w is 6 of x in the middle of these bounds
    if isinstance(attack, LBFGS):
        objective, condition = goals.target_log_prob(predict, 1 - labels), goals.reaches_label(predict, 1 - labels)
    else:
        objective, condition = goals.margin(predict, labels), goals.changes_label(predict, labels)
    result = attack(objective, points, Budget(50.0, L2(), bounds), condition)
    distance = margins / difference.square().sum().sqrt()
    assert result.feasible.all()
    torch.testing.assert_close(result.radius, result.accepted)
    assert (result.radius >= distance * (1 - 1e-9)).all()
    assert (result.radius <= distance * 1.04 + 1e-3).all(), (result.radius / distance).max()


def test_distance_in_a_box_is_that_of_the_cut_half_space():
    """One coordinate at its bound cannot help; the way is longer and goes along the others."""
    weight = torch.tensor([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]], dtype=torch.float64)
    predict = lambda x, rows: Categorical.from_logits((x - 0.5) @ weight.T)  # noqa: E731
    points = torch.tensor([[0.0, 0.3, 0.3]], dtype=torch.float64)
    target = torch.tensor([0])
    result = LBFGS(searches=14)(
        goals.target_log_prob(predict, target),
        points,
        Budget(5.0, L2(), (0.0, 0.7)),
        goals.reaches_label(predict, target),
    )
    # The nearest point of sum = 1.5 in the box from (0, .3, .3): add .3 everywhere = (.3, .6, .6).
    torch.testing.assert_close(result.inputs, points + 0.3, atol=0.02, rtol=0)
    tight = LBFGS(searches=14)(
        goals.target_log_prob(predict, target),
        points,
        Budget(5.0, L2(), (0.0, 0.55)),
        goals.reaches_label(predict, target),
    )
    # With .55 as the bound: (.4, .55, .55).
    expected = torch.tensor([[0.4, 0.55, 0.55]], dtype=torch.float64)
    torch.testing.assert_close(tight.inputs, expected, atol=0.02, rtol=0)


def test_kappa_is_the_margin_that_carlini_and_wagner_reach():
    points, predict, difference = linear_case()
    labels = predict(points, None).prediction
    objective = goals.margin(predict, labels)
    attack = replace(CARLINI_WAGNER, kappa=2.0)
    result = attack(objective, points, Budget(50.0, L2(), None), goals.changes_label(predict, labels))
    assert (objective(result.inputs, torch.arange(len(points))) >= 2).all()
    distance = ((points @ difference).abs() + 2) / difference.square().sum().sqrt()
    assert (result.radius <= distance * 1.04 + 1e-3).all()
