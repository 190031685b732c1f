"""Attacks against foolbox and torchattacks in float64, where both are deterministic.

They raise the cross-entropy of a label as ours does; signs of gradients are compared, so everything runs in float64.
"""

import pytest
import torch
from torch import nn

from feint.attacks import ACE, BIM, FGSM, L2, MIM, PGD, Budget, CarliniWagner, Linf
from feint.attacks import label_objectives as goals
from feint.estimators import Softmax

from .conftest import outside

foolbox, torchattacks = outside("foolbox"), outside("torchattacks")

COUNT, RADIUS = 40, 0.1


@pytest.fixture(scope="module")
def case():
    """A network, images with pixels at both bounds, labels of which some are predicted."""
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.SiLU(), nn.Conv2d(6, 8, 3, stride=2), nn.SiLU(), nn.Flatten(), nn.Linear(72, 5)
    ).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 3)
    images = (1.4 * torch.rand(COUNT, 3, 9, 9, generator=generator, dtype=torch.float64) - 0.2).clamp(0, 1)
    return network.eval(), images, torch.randint(5, (COUNT,), generator=generator)


def ours(attack, case, norm):
    network, images, labels = case
    estimator = Softmax(network)
    objective = goals.cross_entropy(lambda inputs, rows: estimator(inputs), labels)
    return attack(objective, images, Budget(RADIUS if norm == Linf() else 10 * RADIUS, norm), batch_size=16).inputs


def same(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


FOOLBOX = {
    "FGSM": (FGSM(), Linf(), lambda: foolbox.attacks.LinfFastGradientAttack(random_start=False)),
    "ACE": (ACE(), Linf(), lambda: foolbox.attacks.LinfFastGradientAttack(random_start=False)),
    "FGM": (FGSM(), L2(), lambda: foolbox.attacks.L2FastGradientAttack(random_start=False)),
    "BIM": (
        BIM(7, step=0.02),
        Linf(),
        lambda: foolbox.attacks.LinfBasicIterativeAttack(steps=7, abs_stepsize=0.02, random_start=False),
    ),
    "BIM in L2": (
        BIM(7, step=0.3),
        L2(),
        lambda: foolbox.attacks.L2BasicIterativeAttack(steps=7, abs_stepsize=0.3, random_start=False),
    ),
    "PGD": (
        PGD(7, step=0.03, random_start=False, keep="last"),
        Linf(),
        lambda: foolbox.attacks.LinfPGD(steps=7, abs_stepsize=0.03, random_start=False),
    ),
    "PGD in L2": (
        PGD(7, step=0.3, random_start=False, keep="last"),
        L2(),
        lambda: foolbox.attacks.L2PGD(steps=7, abs_stepsize=0.3, random_start=False),
    ),
}


@pytest.mark.parametrize("name", FOOLBOX)
def test_foolbox(case, name):
    attack, norm, make = FOOLBOX[name]
    network, images, labels = case
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    radius = RADIUS if norm == Linf() else 10 * RADIUS
    # A foolbox attack stops for none of its inputs: `raw` is the last iterate of all of them.
    raw, _, _ = make()(model, images, labels, epsilons=radius)
    same(ours(attack, case, norm), raw)


TORCHATTACKS = {
    "FGSM": (FGSM(), Linf(), lambda network: torchattacks.FGSM(network, eps=RADIUS)),
    "ACE": (ACE(), Linf(), lambda network: torchattacks.FGSM(network, eps=RADIUS)),
    "BIM": (BIM(7, step=0.02), Linf(), lambda network: torchattacks.BIM(network, eps=RADIUS, alpha=0.02, steps=7)),
    "MIM": (
        MIM(7, step=0.02),
        Linf(),
        lambda network: torchattacks.MIFGSM(network, eps=RADIUS, alpha=0.02, steps=7, decay=1.0),
    ),
    "MIM that forgets": (
        MIM(7, step=0.02, decay=0.5),
        Linf(),
        lambda network: torchattacks.MIFGSM(network, eps=RADIUS, alpha=0.02, steps=7, decay=0.5),
    ),
    "PGD": (
        PGD(7, step=0.03, random_start=False, keep="last"),
        Linf(),
        lambda network: torchattacks.PGD(network, eps=RADIUS, alpha=0.03, steps=7, random_start=False),
    ),
    "PGD in L2": (
        PGD(7, step=0.3, random_start=False, keep="last"),
        L2(),
        lambda network: torchattacks.PGDL2(network, eps=10 * RADIUS, alpha=0.3, steps=7, random_start=False),
    ),
}


@pytest.mark.parametrize("name", TORCHATTACKS)
def test_torchattacks(case, name):
    attack, norm, make = TORCHATTACKS[name]
    network, images, labels = case
    same(ours(attack, case, norm), make(network)(images, labels))


def test_pgd_is_theirs_where_its_last_iterate_is_its_best(case):
    """Ours keeps the best iterate; where the steps are small the last one is, and theirs returns that one."""
    network, images, labels = case
    estimator, rows = Softmax(network), torch.arange(COUNT)
    objective = goals.cross_entropy(lambda inputs, rows: estimator(inputs), labels)
    theirs = torchattacks.PGD(network, eps=RADIUS, alpha=0.01, steps=7, random_start=False)(images, labels)
    found = ours(PGD(7, step=0.01, random_start=False), case, Linf())
    equal = (found - theirs).flatten(1).abs().amax(dim=1) < 1e-6
    assert equal.double().mean() > 0.8
    assert (objective(found, rows) >= objective(theirs, rows) - 1e-12).all()


def test_carlini_wagner_goes_as_far_as_foolbox(case):
    """Deterministic in both, but not step by step the same: where a search ends early is another place."""
    network, images, _ = case
    images = images[:16]
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    estimator = Softmax(network)

    def predict(inputs, rows):
        return estimator(inputs)

    attack = CarliniWagner(steps=200, step=0.02, searches=6, initial=0.01)
    goal, changed = goals.margin(predict, labels), goals.changes_label(predict, labels)
    ours = attack(goal, images, Budget(100.0, L2()), changed)
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    made = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=6, steps=200, stepsize=0.02, initial_const=0.01, abort_early=False
    )
    theirs, _, found = made(model, images, labels, epsilons=None)
    assert ours.feasible.all()
    assert found.all()
    distances = [L2().size(points - images).mean() for points in (ours.inputs, theirs)]
    torch.testing.assert_close(distances[0], distances[1], rtol=0.03, atol=0)
