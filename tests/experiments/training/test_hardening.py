"""Adversarial training: what batches are made of, and what it buys."""

import pytest
import torch

from feint.data import load
from feint.errors import SpecError
from feint.experiments.training.hardening import adversary, radius_of, settled
from feint.experiments.training.settings import TrainingSettings
from feint.networks import DigitNetwork
from feint.threats.settings import ThreatWord
from feint.training import Recipe, fit, seeded


def hardening(word: str) -> ThreatWord:
    return settled(ThreatWord.of(word), seed=0)


@pytest.mark.parametrize("attack", ["fgsm:radii=0.1", "pgd:radii=0.1,steps=3"])
def test_examples_raise_the_loss_within_the_radius_and_leave_the_network_alone(attack):
    with seeded(0):
        network = DigitNetwork().train()
    images, labels, samples = load("digits", split="train").take(0, 20).gather(range(20))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    perturb = adversary(hardening(attack), network, seed=0)
    attacked = perturb(images, labels, samples)
    assert (attacked - images).abs().max() <= 0.1 + 6e-8
    assert 0 <= attacked.min() <= attacked.max() <= 1
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    loss = torch.nn.functional.cross_entropy
    assert loss(network.eval()(attacked), labels) > loss(network(images), labels)


def test_a_hardened_network_keeps_more_under_attack_than_its_plain_twin():
    data, held_out = load("digits", split="train"), load("digits", split="test").take(0, 200).gather(range(200))
    word = hardening("fgsm:radii=0.15")
    kept = {}
    for name in ("plain", "hardened"):
        with seeded(0):
            network = DigitNetwork()
        perturb = adversary(word, network, seed=0) if name == "hardened" else None
        fit(network, data, recipe=Recipe(epochs=6, batch_size=50, learning_rate=2e-3), seed=0, perturb=perturb)
        attacked = adversary(word, network, seed=0)(*held_out)
        kept[name] = (network.eval()(attacked).argmax(1) == held_out.targets).float().mean()
    assert kept["hardened"] > kept["plain"] + 0.1, kept


def test_what_is_not_said_is_the_usual():
    word = hardening("pgd")
    assert (radius_of(word), word.settings["steps"]) == (8 / 255, 7)
    assert hardening("pgd:radii=4/255,steps=2").settings["steps"] == 2
    assert radius_of(hardening("fgsm:radii=4/255")) == 4 / 255
    own = TrainingSettings.parse({"name": "a", "network": "lenet", "adversarial": "fgsm:radii=0.1"}).adversarial
    assert own == ThreatWord.of({"name": "fgsm", "radii": [0.1]})


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("bim", "adversarial: expected fgsm or pgd, got bim"),
        ("pgd:radii=0.1,0.2", "adversarial: expected one radius, got 0.1, 0.2"),
        ("pgb", "got 'pgb'; did you mean 'pgd'"),
    ],
)
def test_others_are_refused(word, message):
    with pytest.raises(SpecError, match=message):
        TrainingSettings.parse({"name": "a", "network": "lenet", "adversarial": word})


def test_random_starts_are_those_of_the_member():
    images, labels, samples = load("digits", split="train").take(0, 5).gather(range(5))
    with seeded(0):
        network = DigitNetwork().eval()
    found = [
        adversary(hardening("pgd:radii=0.1,steps=1"), network, seed=seed)(images, labels, samples) for seed in (0, 0, 1)
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
