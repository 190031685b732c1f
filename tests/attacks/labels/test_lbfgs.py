"""LBFGS where its curvature misleads it."""

import pytest
import torch
from torch import nn

from feint.attacks import L2, LBFGS, Budget, CarliniWagner, label_objectives
from feint.attacks.labels.quasi_newton import Curvature
from feint.estimators import Softmax


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
    steps, every = torch.eye(3, dtype=torch.float64), torch.arange(3)
    curvature = Curvature(steps, 3)
    assert not curvature.forget(every).any()
    curvature.learn(every, steps, 2 * steps * torch.tensor([[1.0], [1.0], [0.0]], dtype=torch.float64))
    plain = torch.full((3, 1), 7.0, dtype=torch.float64)
    assert curvature.forget(every[1:]).tolist() == [True, False]
    expected = torch.tensor([[0.5], [7.0], [7.0]], dtype=torch.float64)
    torch.testing.assert_close(curvature.times(every, torch.ones(3, 3, dtype=torch.float64), plain)[:, 2:], expected)


def test_problems_that_learn_at_different_times_keep_pairs_of_their_own():
    """Against the two-loop recursion's matrix form for one problem, over more pairs than the memory holds."""
    generator = torch.Generator().manual_seed(0)
    like = torch.zeros(2, 4, dtype=torch.float64)
    curvature, pairs = Curvature(like, 2), {0: [], 1: []}
    spread = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    for rows in ([0, 1], [1], [0, 1], [1], [1]):
        s = torch.randn(len(rows), 4, generator=generator, dtype=torch.float64)
        curvature.learn(torch.tensor(rows), s, s * spread)
        for row, step in zip(rows, s, strict=True):
            pairs[row].append((step, step * spread))
    gradient = torch.randn(2, 4, generator=generator, dtype=torch.float64)
    got = curvature.times(torch.tensor([1, 0]), gradient[[1, 0]], torch.ones(2, 1, dtype=torch.float64))[[1, 0]]
    for row in (0, 1):
        (s, y), eye = pairs[row][-1], torch.eye(4, dtype=torch.float64)
        inverse = eye * (s @ y) / (y @ y)
        for s, y in pairs[row][-2:]:
            turn = eye - torch.outer(s, y) / (s @ y)
            inverse = turn @ inverse @ turn.T + torch.outer(s, s) / (s @ y)
        torch.testing.assert_close(got[row], inverse @ gradient[row])


def test_no_input_waits_for_another():
    """The objective is called hardly more often than the input with the most evaluations needs it."""
    slopes = torch.tensor([[0.1], [1.0], [10.0], [100.0], [1000.0]], dtype=torch.float64)
    calls = []

    def objective(x, rows):
        calls.append(rows.tolist())
        return -((slopes[rows] * (x - 1)).square().square() + x.cos()).sum(dim=1)

    result = LBFGS(searches=6, initial=1.0)(
        objective, torch.zeros(5, 1, dtype=torch.float64), Budget(10.0, L2(), None), lambda x, rows: x[:, 0] > 0.5
    )
    assert result.gradients.tolist() == [sum(row in call for call in calls) for row in range(5)]
    assert len(set(result.gradients.tolist())) > 1
    assert len(calls) <= result.gradients.max() * 1.25


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_the_first_weight_grows_with_the_objective(scale):
    """The boundary is at 2, and c (x - 0)^2 - 4 log(1 + x) has its minimiser there for c = 1/3."""
    results = [
        LBFGS(searches=8)(
            lambda x, rows, by=by: by * (4 * (1 + x).log() - 5).sum(dim=1),
            torch.zeros(1, 1, dtype=torch.float64),
            Budget(10.0, L2(), (0.0, 10.0)),
            lambda x, rows: x[:, 0] >= 2,
        )
        for by in (1.0, scale)
    ]
    assert results[0].radius.item() == pytest.approx(2, rel=0.03)
    assert results[1].radius.item() == pytest.approx(results[0].radius.item(), rel=0.01)
    assert torch.equal(results[0].queries, results[1].queries)


def test_untargeted_on_a_sure_network_ends_near_the_boundary():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 4))
    sure = Softmax(network, temperature=0.02)
    images = 0.25 + 0.5 * torch.rand(8, 1, 8, 8)
    own = sure(images).prediction
    predict = lambda inputs, rows: sure(inputs)  # noqa: E731
    budget, changed = Budget(8.0, norm=L2()), label_objectives.changes_label(predict, own)
    found = LBFGS()(label_objectives.cross_entropy(predict, own), images, budget, changed)
    peer = CarliniWagner(steps=300, step=0.02, initial=0.1)
    near = peer(label_objectives.margin(predict, own), images, budget, changed)
    assert found.feasible.all()
    assert near.feasible.all()
    assert (found.radius <= 1.5 * near.radius).all()


@pytest.mark.parametrize("seed", [4, 8, 13])
def test_ties_of_max_pooling_in_a_flat_image_are_no_dead_end(seed):
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 4, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
    network = nn.Sequential(*layers).double()
    with torch.no_grad():
        layers[-1].weight.mul_(8)
    victim, black = Softmax(network), torch.zeros(1, 1, 6, 6, dtype=torch.float64)
    own = victim(black).prediction
    predict = lambda inputs, rows: victim(inputs)  # noqa: E731
    changed, loss = label_objectives.changes_label(predict, own), label_objectives.cross_entropy(predict, own)

    start = black.clone().requires_grad_()
    before = loss(start, torch.arange(1))
    slope = torch.autograd.grad(before.sum(), start)[0].clamp_min(0)
    assert slope.any()
    for step in (1e-3, 1e-6):
        assert loss(black + step * slope, torch.arange(1)) < before  # where the gradient points, it goes down

    assert LBFGS(searches=3)(loss, black, Budget(6.0, L2()), changed).feasible.all()
