from itertools import pairwise

import pytest
import torch
from torch import nn

from feint.attacks import L2, Budget, Square, label_objectives, objectives
from feint.attacks.goal import Goal
from feint.errors import AttackError
from feint.estimators import Softmax
from feint.measures import label_doubt

IMAGES = torch.rand(20, 3, 8, 8, generator=torch.Generator().manual_seed(1))
ROWS = torch.arange(20)


@pytest.fixture(scope="module")
def estimator():
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).requires_grad_(False)
    for parameter in network.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3)
    return Softmax(network)


class Counted:
    """An objective that says which inputs it was asked about."""

    def __init__(self, goal):
        self.goal, self.asked, self.success = goal, [], goal.success

    def __call__(self, inputs, rows):
        assert not inputs.requires_grad
        self.asked += rows.tolist()
        return self.goal(inputs, rows)


def margin(estimator):
    own = estimator(IMAGES).prediction
    return own, label_objectives.margin(lambda inputs, rows: estimator(inputs), own)


def test_labels_change_and_each_input_stops_when_its_own_has(estimator):
    own, goal = margin(estimator)
    counted = Counted(goal)
    found = Square(100)(counted, IMAGES, Budget(0.15))
    changed = estimator(found.inputs).prediction != own
    assert 0.5 < changed.double().mean() < 1
    assert torch.equal(goal(found.inputs, ROWS) > 0, changed)
    assert counted.asked.__len__() == found.queries.sum()
    assert [counted.asked.count(row) for row in range(20)] == found.queries.tolist()
    assert found.queries[changed].double().mean() < 50
    # Not 100 for the rest: a proposal that changes nothing is not asked.
    assert (found.queries[~changed] > 60).all()
    assert (found.queries <= 100).all()
    assert not found.gradients.any()


def test_an_input_that_has_succeeded_already_stays(estimator):
    own, _ = margin(estimator)
    other = (own + (ROWS % 2)) % 5
    goal = label_objectives.margin(lambda inputs, rows: estimator(inputs), other)
    found = Square(5)(goal, IMAGES, Budget(0.01))
    assert torch.equal(found.inputs[1::2], IMAGES[1::2])
    assert (found.queries[1::2] == 1).all()
    assert (found.queries[::2] > 1).all()


def test_more_queries_go_further_and_further_than_the_stripes(estimator):
    _, goal = margin(estimator)
    reached = [goal(Square(queries)(goal, IMAGES, Budget(0.02)).inputs, ROWS).mean() for queries in (1, 2, 20, 200)]
    assert reached == sorted(reached)
    assert len(set(reached)) == 4


def test_confidence_falls_with_labels_kept_and_no_gradient(estimator):
    own = estimator(IMAGES).prediction

    def blind(inputs, rows):
        return estimator(inputs.detach())

    goal = objectives.disrupt_confidence(
        lambda inputs, rows: label_doubt(blind(inputs, rows), own[rows]), torch.ones(20, dtype=torch.bool)
    )
    found = Square(60)(goal, IMAGES, Budget(0.1), objectives.keeps_label(blind, own), batch_size=7)
    assert torch.equal(estimator(found.inputs).prediction, own)
    assert (goal(found.inputs, ROWS) >= goal(IMAGES, ROWS)).all()
    assert (goal(found.inputs, ROWS) > goal(IMAGES, ROWS) + 0.1).double().mean() > 0.9
    assert found.feasible.all()
    assert (found.queries > 30).all()


def test_a_condition_that_the_original_breaks_is_what_is_looked_for(estimator):
    own, goal = margin(estimator)
    changes = label_objectives.changes_label(lambda inputs, rows: estimator(inputs), own)
    found = Square(100)(goal, IMAGES, Budget(0.15), changes)
    assert torch.equal(found.feasible, changes(found.inputs, ROWS))
    assert found.feasible.double().mean() > 0.5
    assert torch.equal(found.inputs[~found.feasible], IMAGES[~found.feasible])
    assert (found.accepted[found.feasible] == 0.15).all()


def test_squares_shrink_as_in_the_paper():
    attack = Square(queries=10_002)
    images = torch.zeros(1, 3, 32, 32)
    sides = [attack.side(images, number / 10_000) for number in (0, 10, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001)]
    assert sides == [29, 29, 20, 14, 10, 7, 5, 4, 3, 2, 1]
    assert attack.side(torch.zeros(1, 1, 4, 100), 0.0) == 4


def test_what_a_proposal_changes():
    """One square, each channel by one sign; in the middle of the box every component is at the radius in the end."""
    seen = []

    def goal(inputs, rows):
        seen.append(inputs.clone())
        return torch.full((len(inputs),), float(len(seen)))  # every proposal is taken

    images = torch.full((1, 3, 16, 16), 0.5)
    Square(queries=30)(goal, images, Budget(0.125))
    stripes = (seen[1] - images)[0]
    assert set(stripes.unique().tolist()) == {-0.125, 0.125}
    assert (stripes == stripes[:, :1]).all()
    for before, after in pairwise(seen[1:]):
        changed = (after != before)[0]
        rows, columns = changed.any(dim=(0, 2)).nonzero(), changed.any(dim=(0, 1)).nonzero()
        square = after[0, :, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert all(len(channel.unique()) == 1 for channel, moved in zip(square, changed, strict=True) if moved.any())
        assert set((after - images).unique().tolist()) <= {-0.125, 0.125}


def test_bad_settings_and_inputs():
    goal = Goal(lambda inputs, rows: inputs.flatten(1).sum(1))
    with pytest.raises(AttackError, match="queries: expected at least 1, got 0"):
        Square(queries=0)
    with pytest.raises(AttackError, match=r"share: expected a number above 0 and at most 1, got 1\.5"):
        Square(share=1.5)
    with pytest.raises(AttackError, match="one in L2"):
        Square()(goal, IMAGES, Budget(0.1, L2()))
    with pytest.raises(AttackError, match=r"expects pictures .* got shape \(20, 192\)"):
        Square()(goal, IMAGES.flatten(1), Budget(0.1))
