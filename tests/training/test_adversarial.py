import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from feint.attacks import FGSM, Budget
from feint.attacks.labels.objectives import cross_entropy
from feint.errors import InputError
from feint.estimators import Softmax
from feint.training import AdversarialClassifier, Classifier, fit


@pytest.fixture
def batch():
    return torch.rand(12, 1, 4, 4, generator=torch.Generator().manual_seed(1)), torch.arange(12) % 2


def test_both_losses_and_how_they_are_combined(network, batch):
    inputs, labels = batch
    plain = network(dropout=0.0)
    mean = AdversarialClassifier(plain, radius=0.1, noise=0.0)
    total = AdversarialClassifier(plain, radius=0.1, noise=0.0, combine="sum")
    clean = functional.cross_entropy(plain(inputs), labels)
    attacked = functional.cross_entropy(plain(mean.attacked(inputs, labels)), labels)
    assert attacked > clean
    torch.testing.assert_close(mean.step(inputs, labels), (clean + attacked) / 2)
    torch.testing.assert_close(total.step(inputs, labels), clean + attacked)


def test_without_noise_the_examples_are_those_of_the_attack(network, batch):
    inputs, labels = batch
    plain = network(dropout=0.3)
    found = AdversarialClassifier(plain, radius=0.07, noise=0.0).attacked(inputs, labels)
    estimator = Softmax(plain)
    objective = cross_entropy(lambda points, rows: estimator(points), labels)
    torch.testing.assert_close(found, FGSM()(objective, inputs, Budget(0.07)).inputs)


def test_noise_moves_the_point_of_the_gradient_only(network, batch):
    inputs, labels = batch
    classifier = AdversarialClassifier(network(dropout=0.0), radius=0.1, noise=0.5)
    torch.manual_seed(0)
    first, second = classifier.attacked(inputs, labels), classifier.attacked(inputs, labels)
    assert not torch.equal(first, second)
    for found in (first, second):
        assert (found - inputs).abs().max() <= 0.1 + 1e-6
        assert found.min() >= 0
        assert found.max() <= 1


def test_making_the_examples_leaves_modes_statistics_and_layout_alone(batch):
    inputs, labels = batch
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(12, 2))
    network.train()
    network[2].eval()
    classifier, before = AdversarialClassifier(network), copy.deepcopy(network.state_dict())
    strided = torch.empty_strided(inputs.shape, (16, 1, 4, 1)).copy_(inputs)
    assert classifier.attacked(strided, labels).stride() == strided.stride()
    assert [module.training for module in network.modules()] == [True, True, True, False, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_training_hardens(network, blobs, recipe):
    plain, hardened = network(dropout=0.0), network(dropout=0.0)
    data, settings = blobs(), recipe(epochs=15, validation_share=0.0)
    fit(plain, data, recipe=settings)
    fit(AdversarialClassifier(hardened, radius=0.3), data, recipe=settings)
    inputs, labels, _ = data.gather(range(96))
    accuracy = {}
    for name, trained in (("plain", plain), ("hardened", hardened)):
        attacked = AdversarialClassifier(trained, radius=0.3, noise=0.0).attacked(inputs, labels)
        with torch.no_grad():
            accuracy[name] = [float((trained(x).argmax(1) == labels).float().mean()) for x in (inputs, attacked)]
    assert accuracy["plain"][0] == accuracy["hardened"][0] == 1.0
    assert accuracy["hardened"][1] > accuracy["plain"][1] + 0.05


def test_radius_zero_without_noise_is_plain_training(network, blobs, recipe):
    first, second = network(dropout=0.0), network(dropout=0.0)
    fit(Classifier(first), blobs(), recipe=recipe())
    fit(AdversarialClassifier(second, radius=0.0, noise=0.0), blobs(), recipe=recipe())
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"radius": -0.1}, "radius: expected a finite number, 0 or more, got -0.1"),
        ({"noise": float("nan")}, "noise: expected a finite number, 0 or more, got nan"),
        ({"low": 1.0}, "high: expected a number above low=1.0, got 1.0"),
    ],
)
def test_settings_out_of_range(network, setting, message):
    with pytest.raises(InputError, match=message):
        AdversarialClassifier(network(), **setting)
