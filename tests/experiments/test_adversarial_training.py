import pytest
import torch
from feint.experiments.adversarial_training import AdversarialSpec, adversary

from feint.data import load
from feint.networks import DigitNetwork
from feint.training import Recipe, fit, seeded


@pytest.mark.parametrize("attack", ["fgsm", "pgd"])
def test_examples_raise_the_loss_within_the_radius_and_leave_the_network_alone(attack):
    with seeded(0):
        network = DigitNetwork().train()
    images, labels, samples = load("digits", split="train").take(0, 20).gather(range(20))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    perturb = adversary(AdversarialSpec(attack=attack, radius=0.1, steps=3), network, seed=0)
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
    spec = AdversarialSpec(attack="fgsm", radius=0.15)
    kept = {}
    for name in ("plain", "hardened"):
        with seeded(0):
            network = DigitNetwork()
        perturb = adversary(spec, network, seed=0) if name == "hardened" else None
        fit(network, data, recipe=Recipe(epochs=6, batch_size=50, learning_rate=2e-3), seed=0, perturb=perturb)
        attacked = adversary(spec, network, seed=0)(*held_out)
        kept[name] = (network.eval()(attacked).argmax(1) == held_out.targets).float().mean()
    assert kept["hardened"] > kept["plain"] + 0.1, kept
