"""Networks that change what they are given: the caller's images stay, and so do the numbers."""

import copy

import pytest
import torch
from torch import nn

from feint.attacks import ACE, PGD, Budget, label_objectives
from feint.errors import NetworkError
from feint.estimators import DeepEnsemble, MCDropout, Softmax, predict


class Preprocessed(nn.Module):
    """A network behind a function of the images."""

    def __init__(self, function, inner):
        super().__init__()
        self.function, self.inner = function, inner

    def forward(self, images):
        return self.inner(self.function(images))


def in_place(images):
    return images.sub_(0.5).div_(0.25)


def through_data(images):
    images.data.sub_(0.5).data.div_(0.25)
    return images


def out_of_place(images):
    return (images - 0.5) / 0.25


def inner(convolutional):
    torch.manual_seed(0)
    start = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten()] if convolutional else [nn.Flatten()]
    return nn.Sequential(*start, nn.Dropout(0.3), nn.Linear(144 if convolutional else 64, 4)).eval()


ESTIMATORS = {
    "softmax": Softmax,
    "mc-dropout": lambda network: MCDropout(network, draws=3),
    "independent": lambda network: MCDropout(network, draws=3, masks="independent"),
    "ensemble": lambda network: DeepEnsemble([Softmax(network), Softmax(copy.deepcopy(network))]),
    "of dropout": lambda network: DeepEnsemble([MCDropout(network, draws=3), MCDropout(network, draws=3, seed=1)]),
    "logit": lambda network: DeepEnsemble([Softmax(network), Softmax(network)], average="logit"),
}


@pytest.fixture(params=ESTIMATORS)
def make(request):
    return ESTIMATORS[request.param]


@pytest.fixture(params=[True, False], ids=["convolutions", "linear"])
def network(request):
    return inner(request.param)


@pytest.fixture
def images():
    return torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("change", [in_place, through_data])
def test_images_stay_and_predictions_are_those_of_a_network_that_leaves_them_alone(make, network, images, change):
    before = images.clone()
    estimator, expected = make(Preprocessed(change, network)), make(Preprocessed(out_of_place, network))
    for batch_size in (None, 3):
        for _ in range(2):
            found = predict(estimator, images, batch_size=batch_size)
            assert torch.equal(images, before)
            torch.testing.assert_close(found.log_probs, predict(expected, images, batch_size=batch_size).log_probs)
    for _ in range(2):
        torch.testing.assert_close(estimator(images).log_probs, expected(images).log_probs)
        assert torch.equal(images, before)
        with torch.inference_mode():
            own = images.clone()  # counts no changes
            torch.testing.assert_close(estimator(own).log_probs, expected(own).log_probs)
            assert torch.equal(own, before)


def test_attacks_find_what_they_find_elsewhere(make, network, images):
    found = []
    for change in (in_place, out_of_place):
        estimator = make(Preprocessed(change, network))
        own = estimator(images).prediction
        goal = label_objectives.cross_entropy(lambda inputs, rows: estimator(inputs), own)  # noqa: B023
        found.append([attack(goal, images, Budget(0.1), batch_size=4).inputs for attack in (ACE(), PGD(3))])
    for here, there in zip(*found, strict=True):
        assert not torch.equal(here, images)
        torch.testing.assert_close(here, there)


class Moody(nn.Module):
    """Changes its inputs from the third call on."""

    def __init__(self):
        super().__init__()
        self.calls, self.last = 0, nn.Linear(4, 2)

    def forward(self, inputs):
        self.calls += 1
        return self.last(inputs.mul_(0.5) if self.calls > 2 else inputs)


def test_a_network_that_begins_to_change_them_later_is_refused():
    estimator, inputs = Softmax(Moody()), torch.rand(3, 4)
    estimator(inputs)
    estimator(inputs)
    with pytest.raises(NetworkError, match=r"may not change its inputs: .* shape \(3, 4\)"):
        estimator(inputs)


class Remembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.seen = nn.Linear(4, 2), []

    def forward(self, inputs):
        self.seen.append(inputs)
        return self.last(inputs)


def test_other_networks_get_no_copies_after_the_first_call():
    network, inputs = Remembers(), torch.rand(3, 4)
    estimator = Softmax(network)
    for _ in range(3):
        estimator(inputs)
    assert [given is inputs for given in network.seen] == [False, True, True]
    assert not copy.deepcopy(estimator)._own._changes
