"""What holds of every attack on labels, on a small convolutional network."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from feint.attacks import BIM, FGSM, IAA, L2, LBFGS, MIM, PGD, Attack, Budget, CarliniWagner, Linf
from feint.attacks import label_objectives as goals
from feint.errors import AttackError
from feint.estimators import MCDropout, Softmax

IN_A_BALL = [
    pytest.param((attack, Budget(radius, norm)), id=f"{type(attack).__name__}-{norm}")
    for attack in (FGSM(), BIM(3), MIM(3), PGD(3, restarts=2), PGD(2, random_start=False), PGD(3, keep="last"))
    for norm, radius in ((Linf(), 0.07), (L2(), 0.8))
]
NEAREST = [
    pytest.param((CarliniWagner(steps=8, step=0.15, searches=2, initial=1.0), Budget(2.0, L2())), id="CarliniWagner"),
    pytest.param((LBFGS(steps=5, searches=3, initial=0.1), Budget(2.0, L2())), id="LBFGS"),
]
BY_PIXELS = [pytest.param((IAA(rounds=5), Budget(2.5)), id="IAA")]
ALL = [*IN_A_BALL, *NEAREST, *BY_PIXELS]


@pytest.fixture(scope="module")
def victim():
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * 36, 5)
    ).requires_grad_(False)
    for parameter in network.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
    return network, torch.rand(9, 1, 8, 8, generator=generator)


def callables(estimator, attack, images, labels):
    predict = lambda inputs, rows: estimator(inputs)  # noqa: E731
    goal = {IAA: goals.gap, LBFGS: goals.cross_entropy}.get(type(attack), goals.margin)
    return goal(predict, labels), goals.changes_label(predict, labels)


def condition_for(attack, condition):
    return condition if isinstance(attack, CarliniWagner | LBFGS) else None


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("make", [Softmax, lambda network: MCDropout(network, draws=3)], ids=["softmax", "mc"])
def test_invariants(victim, case, make):
    (attack, budget), (network, images) = case, victim
    estimator = make(network)
    labels = estimator(images).prediction
    objective, condition = callables(estimator, attack, images, labels)
    assert isinstance(attack, Attack)
    for wanted in (condition, condition_for(attack, condition)):
        result = attack(objective, images, budget, wanted, batch_size=9)
        measured = result.radius if isinstance(attack, IAA) else budget.norm.size(result.inputs - images)
        assert (measured <= budget.radius + 6e-8).all()
        torch.testing.assert_close(result.radius, measured)
        assert 0 <= result.inputs.min() <= result.inputs.max() <= 1
        assert torch.equal(result.inputs[~result.feasible], images[~result.feasible])
        assert (result.accepted[~result.feasible] == 0).all()
        if wanted is not None:
            assert torch.equal(result.feasible, condition(result.inputs, torch.arange(9)))
        if attack.keeps_best:
            rows = torch.arange(9)
            assert (objective(result.inputs, rows) >= objective(images, rows)).all()
    assert bool((estimator(result.inputs).prediction != labels).any())


@pytest.fixture
def one_thread():
    """With several, a network's own kernels may give an input other last bits in another place of the batch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("case", ALL)
def test_rows_do_not_depend_on_their_neighbours(victim, case):
    (attack, budget), (network, images) = case, victim
    estimator = Softmax(network)
    labels, samples = estimator(images).prediction, 100 + torch.arange(9)
    objective, condition = callables(estimator, attack, images, labels)
    wanted = condition_for(attack, condition)
    whole = attack(objective, images, budget, wanted, batch_size=4, samples=samples)
    for chosen in (torch.arange(9).flip(0), torch.tensor([7, 3, 5]), torch.tensor([8])):
        objective, condition = callables(estimator, attack, images[chosen], labels[chosen])
        wanted = condition_for(attack, condition)
        part = attack(objective, images[chosen], budget, wanted, batch_size=4, samples=samples[chosen])
        assert torch.equal(part.inputs, whole.inputs[chosen])
        assert torch.equal(part.gradients, whole.gradients[chosen])
        assert torch.equal(part.queries, whole.queries[chosen])


@pytest.mark.usefixtures("one_thread")
def test_rows_of_any_size_do_not_depend_on_their_neighbours():
    # 784 values are no multiple of what a processor takes at once: the last ones of an input fall to another loop when
    # it is alone, and torch's atanh rounds otherwise there.
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    weight = torch.linspace(-1, 1, 784 * 2).sin().reshape(2, 784)
    estimator = Softmax(nn.Sequential(nn.Flatten(), linear := nn.Linear(784, 2)).requires_grad_(False))
    linear.weight.copy_(weight - weight.mean(dim=1, keepdim=True))
    labels, attack, budget = estimator(images).prediction, CarliniWagner(steps=20, searches=2), Budget(9.0, L2())
    objective, condition = callables(estimator, attack, images, labels)
    whole = attack(objective, images, budget, condition, batch_size=2)
    for row in torch.arange(5).split(1):
        objective, condition = callables(estimator, attack, images[row], labels[row])
        assert torch.equal(attack(objective, images[row], budget, condition, batch_size=2).inputs, whole.inputs[row])


@pytest.mark.parametrize("case", ALL)
def test_empty_batch(victim, case):
    (attack, budget), (network, images) = case, victim
    estimator = Softmax(network)
    objective, condition = callables(estimator, attack, images[:0], torch.zeros(0, dtype=torch.int64))
    assert attack(objective, images[:0], budget, condition, batch_size=4).inputs.shape == (0, 1, 8, 8)


@pytest.mark.parametrize("case", ALL)
def test_two_classes_and_a_radius_of_zero(victim, case):
    (attack, budget), (_, images) = case, victim
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).requires_grad_(False)
    network[1].weight.copy_(torch.linspace(-1, 1, 128).reshape(2, 64).sin())
    network[1].bias.copy_(-network[1].weight @ images.mean(dim=0).flatten())  # about half of them on either side
    estimator = Softmax(network)
    objective, condition = callables(estimator, attack, images, estimator(images).prediction)
    condition = condition_for(attack, condition)
    assert (attack(objective, images, budget, condition).radius > 0).any()
    nowhere = Budget(0.0, budget.norm)
    assert torch.equal(attack(objective, images, nowhere, condition).inputs, images)


@pytest.mark.parametrize("case", ALL)
def test_gradients_are_counted(victim, case):
    (attack, budget), (network, images) = case, victim
    estimator = Softmax(network)
    objective, condition = callables(estimator, attack, images, estimator(images).prediction)
    spent, asked = torch.zeros(9, dtype=torch.int64), torch.zeros(9, dtype=torch.int64)

    def watched(inputs, rows):
        spent[rows] += torch.is_grad_enabled()
        return objective(inputs, rows)

    def asking(inputs, rows):
        asked[rows] += 1
        return condition(inputs, rows)

    result = attack(watched, images, budget, asking)
    assert torch.equal(result.gradients, spent)
    assert torch.equal(result.queries, asked)


def test_several_radii_of_fgsm_share_a_gradient(victim):
    network, images = victim
    objective, _ = callables(Softmax(network), FGSM(), images, Softmax(network)(images).prediction)
    calls = []
    budgets = [Budget(0.1), Budget(0.2), Budget(0.5, L2())]
    results = FGSM().grid(lambda x, rows: calls.append(1) or objective(x, rows), images, budgets)
    assert len(calls) == 1
    for budget, result in zip(budgets, results, strict=True):
        assert torch.equal(result.inputs, FGSM()(objective, images, budget).inputs)
    assert FGSM().grid(objective, images, []) == []


def test_restarts_only_help_and_seeds_matter(victim):
    network, images = victim
    objective, _ = callables(Softmax(network), PGD(), images, Softmax(network)(images).prediction)
    rows, budget = torch.arange(9), Budget(0.05)
    once, more = (PGD(2, restarts=n)(objective, images, budget) for n in (1, 4))
    assert (objective(more.inputs, rows) >= objective(once.inputs, rows)).all()
    assert (objective(more.inputs, rows) > objective(once.inputs, rows)).any()
    assert more.gradients.tolist() == [8] * 9
    assert not torch.equal(PGD(2, seed=1)(objective, images, budget).inputs, once.inputs)
    assert torch.equal(PGD(2)(objective, images, budget).inputs, once.inputs)


@pytest.mark.parametrize("norm", [Linf(), L2()])
def test_keeping_the_last_iterate_is_said_and_takes_no_other_passes(victim, norm):
    network, images = victim
    objective, _ = callables(Softmax(network), PGD(), images, Softmax(network)(images).prediction)
    calls = []
    watched = lambda x, rows: calls.append(torch.is_grad_enabled()) or objective(x, rows)  # noqa: E731
    budget = Budget(0.07, norm)
    last = PGD(3, keep="last")(watched, images, budget)
    assert calls == [True] * 3
    calls.clear()
    PGD(3)(watched, images, budget)
    assert calls == [False, True, True, True, False]
    assert PGD().keeps_best
    assert not PGD(keep="last").keeps_best
    assert last.gradients.tolist() == [3] * 9
    plain = PGD(3, step=0.01, random_start=False, keep="last")(objective, images, budget)
    assert torch.equal(plain.inputs, BIM(3, step=0.01)(objective, images, budget).inputs)
    assert not torch.equal(PGD(3, keep="last", seed=1)(objective, images, budget).inputs, last.inputs)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("norm", [Linf(), L2()])
def test_momentum_as_written_in_the_paper(victim, norm, decay):
    """Dong et al. 2018, algorithm 1, by hand, input by input."""
    images = victim[1].double()
    objective = lambda x, rows: (7 * x + images[rows].square()).sin().flatten(1).square().sum(1)  # noqa: E731
    radius = {Linf(): 0.2, L2(): 1.0}[norm]
    expected = []
    for row, original in enumerate(images):
        x, momentum = original.clone(), torch.zeros_like(original)
        for _ in range(5):
            point = x.clone().requires_grad_()
            slope = torch.autograd.grad(objective(point[None], torch.tensor([row])).sum(), point)[0]
            momentum = decay * momentum + slope / slope.abs().sum()
            if norm == Linf():
                x = original + (x + radius / 5 * momentum.sign() - original).clamp(-radius, radius)
            else:
                change = x + radius / 5 * momentum / momentum.norm() - original
                x = original + change * min(1, radius / change.norm())
            x = x.clamp(0, 1)
        expected.append(x)
    found = MIM(5, decay=decay)(objective, images, Budget(radius, norm)).inputs
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-12, rtol=0)
    plain = BIM(5)(objective, images, Budget(radius, norm)).inputs
    # On this objective slopes turn around within a step, so that what is remembered shows.
    assert torch.allclose(found, plain, atol=1e-12, rtol=0) == (decay == 0)


def test_the_last_iterate_may_be_worse_than_the_original(victim):
    _, images = victim
    peak = lambda x, rows: -(x - images[rows]).abs().flatten(1).sum(1)  # noqa: E731
    result = PGD(3, keep="last")(peak, images, Budget(0.1))
    assert (peak(result.inputs, torch.arange(9)) < 0).all()
    assert (result.accepted == 0.1).all()


def test_pgd_returns_the_original_where_nothing_is_better(victim):
    _, images = victim
    peak = lambda x, rows: -(x - images[rows]).abs().flatten(1).sum(1)  # noqa: E731
    result = PGD(3)(peak, images, Budget(0.1))
    assert torch.equal(result.inputs, images)
    assert (result.accepted == 0).all()


@pytest.mark.parametrize("attack", [CarliniWagner(steps=2), LBFGS(steps=2)], ids=["CarliniWagner", "LBFGS"])
def test_minimum_distance_attacks_say_what_they_need(victim, attack):
    _, images = victim
    brightness = lambda x, rows: x.flatten(1).sum(1)  # noqa: E731
    with pytest.raises(AttackError, match="expects one"):
        attack(brightness, images, Budget(1.0, L2()))
    with pytest.raises(AttackError, match="measures distance in L2, got a radius in Linf"):
        attack(brightness, images, Budget(1.0), lambda x, rows: x.flatten(1).sum(1) > 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BIM(0), "steps: expected at least 1, got 0"),
        (lambda: MIM(step=-1.0), "step: expected a finite number above 0, or None, got -1.0"),
        (lambda: MIM(decay=-0.1), "decay"),
        (lambda: PGD(restarts=0), "restarts: expected at least 1"),
        (lambda: PGD(restarts=2, random_start=False), "every start is the original"),
        (lambda: PGD(restarts=2, keep="last"), "expected 1 where the last iterate is kept"),
        (lambda: CarliniWagner(searches=0), "searches"),
        (lambda: CarliniWagner(kappa=-1.0), "kappa"),
        (lambda: CarliniWagner(initial=0.0), "initial"),
        (lambda: LBFGS(memory=0), "memory"),
        (lambda: LBFGS(initial=float("inf")), "initial"),
    ],
)
def test_settings(make, message):
    with pytest.raises(AttackError, match=message):
        make()


@pytest.mark.parametrize("attack", [BIM(4), MIM(4), PGD(4, random_start=False, keep="last")])
def test_the_last_iterate_at_which_the_condition_holds(attack):
    """Uphill in four steps of a quarter; the condition holds up to a half, fails, and holds again nowhere."""
    images, budget = torch.zeros(1, 1, 2, 2), Budget(1.0)
    attack = replace(attack, step=0.25)
    uphill = lambda inputs, rows: inputs.flatten(1).sum(1)  # noqa: E731
    below = lambda inputs, rows: inputs.flatten(1).amax(1) <= 0.5  # noqa: E731
    found = attack(uphill, images, budget, below)
    assert torch.equal(found.inputs, torch.full_like(images, 0.5))
    assert (found.feasible.item(), found.gradients.item(), found.queries.item()) == (True, 4, 4)
    nowhere = attack(uphill, images, budget, lambda inputs, rows: inputs.flatten(1).amax(1) <= 0)
    assert torch.equal(nowhere.inputs, images)
    assert (nowhere.feasible.item(), nowhere.accepted.item(), nowhere.queries.item()) == (True, 0, 5)
