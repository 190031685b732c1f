"""What holds for every estimator in the catalog."""

import copy

import pytest
import torch
from torch import nn

from feint import catalog
from feint.catalog import ESTIMATORS
from feint.errors import NetworkError, NotApplicable
from feint.estimators import (
    DUE,
    DUQ,
    KNN,
    SNGP,
    DeepEnsemble,
    Energy,
    Mahalanobis,
    MaxLogit,
    MCDropout,
    SelectiveNet,
    Softmax,
    predict,
)
from feint.predictive import Categorical
from feint.protocols import Estimator
from feint.runs.things import loaded

MEASURES = {name: loaded(reference) for name, reference in catalog.MEASURES.items()}

CLASSES, COUNT = 4, 11


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout2d(0.3), nn.Conv2d(6, 4, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, CLASSES)),
    )


SHAPE = (2, 8, 8)


class Images:
    """What estimators with a training of their own begin with."""

    shape = SHAPE

    def __len__(self):
        return 40

    def gather(self, positions):
        rows = torch.tensor(list(positions))
        return torch.rand(40, *SHAPE, generator=torch.Generator().manual_seed(2))[rows], rows % CLASSES, rows


def stepped(build, **settings):
    """After an epoch of two batches: nothing in it is as it was at the start."""
    estimator = build(network()[:-1], CLASSES, SHAPE, **settings)
    estimator.begin(Images())
    optimizer = torch.optim.SGD(estimator.parameters(), lr=0.5)
    for rows in (range(20), range(20, 40)):
        images, labels, _ = Images().gather(rows)
        optimizer.zero_grad()
        estimator.step(images, labels).backward()
        optimizer.step()
        estimator.after_step()
    estimator.end_epoch()
    optimizer.zero_grad()
    return estimator


def fitted(build, **settings):
    """Around a network that is trained already, as far as that matters."""
    estimator = build(network(), **settings)
    estimator.fit(Images())
    return estimator


FACTORIES = {
    "softmax": {"plain": lambda: Softmax(network()), "warm": lambda: Softmax(network(), temperature=2.5)},
    "mc-dropout": {
        "shared": lambda: MCDropout(network(), draws=5, seed=1),
        "independent": lambda: MCDropout(network(), draws=5, seed=1, masks="independent"),
        "once": lambda: MCDropout(network(), draws=1),
    },
    "ensemble": {
        "probability": lambda: DeepEnsemble([Softmax(network(seed)) for seed in range(3)]),
        "logit": lambda: DeepEnsemble([Softmax(network(seed)) for seed in range(3)], average="logit"),
        "of dropout": lambda: DeepEnsemble([MCDropout(network(seed), draws=3, seed=seed) for seed in range(2)]),
        "nested": lambda: DeepEnsemble([DeepEnsemble([Softmax(network(0))]), Softmax(network(1))]),
        "of sngp": lambda: DeepEnsemble([stepped(SNGP, random_features=16), stepped(SNGP, random_features=20)]),
    },
    "duq": {"duq": lambda: stepped(DUQ, length=16, sigma=0.3)},
    "sngp": {
        "gaussian": lambda: stepped(SNGP, random_features=64),
        "by class": lambda: stepped(SNGP, random_features=64, likelihood="softmax", mean_field=25.0),
    },
    "due": {"due": lambda: stepped(DUE, draws=6)},
    "max-logit": {"max logit": lambda: MaxLogit(network())},
    "energy": {"energy": lambda: Energy(network()), "warm energy": lambda: Energy(network(), temperature=2.5)},
    "mahalanobis": {
        "distance": lambda: fitted(Mahalanobis),
        "of maps": lambda: fitted(Mahalanobis, layer="4"),
        "with a step": lambda: fitted(Mahalanobis, preprocessing=0.01),
    },
    "knn": {"first": lambda: fitted(KNN, k=1), "fifth": lambda: fitted(KNN, k=5, layer="4")},
    "selective-net": {
        "plain": lambda: SelectiveNet(network()),
        "damped": lambda: SelectiveNet(network(), damping=10.0),
    },
}
DRAWS = {"shared": 5, "independent": 5, "probability": 3, "of dropout": 6, "nested": 2, "of sngp": 2, "due": 6}
CASES = [(name, kind) for name, kinds in FACTORIES.items() for kind in kinds]


def test_the_whole_catalog_is_tested():
    assert set(FACTORIES) == {*ESTIMATORS, "ensemble"}  # several networks are an ensemble without being asked


@pytest.fixture(params=CASES, ids="-".join)
def estimator(request):
    name, kind = request.param
    built = FACTORIES[name][kind]()
    assert isinstance(built, DeepEnsemble if name == "ensemble" else loaded(ESTIMATORS[name]))
    assert isinstance(built, Estimator)
    built.expected_draws = DRAWS.get(kind, 1)
    return built


@pytest.fixture
def images():
    return torch.rand(COUNT, 2, 8, 8, generator=torch.Generator().manual_seed(0))


SAMPLES = torch.tensor([30, 4, 17, 0, 5, 99, 2, 1, 8, 2**33, 7])


def test_is_normalised_float64_on_the_inputs_device(estimator, images):
    result = estimator(images, SAMPLES)
    assert isinstance(result, Categorical)
    assert result.log_probs.shape == (estimator.expected_draws, COUNT, CLASSES)
    assert result.log_probs.dtype == torch.float64
    assert result.log_probs.device == images.device
    assert result.native is None or result.native.shape == (COUNT,)
    torch.testing.assert_close(result.log_probs.logsumexp(-1), torch.zeros(result.draws, COUNT, dtype=torch.float64))


def test_its_own_uncertainty_is_each_inputs_own_and_differentiable(estimator, images):
    point = images.clone().requires_grad_()
    own = estimator(point, SAMPLES).native
    if own is None:
        pytest.skip("it has none")
    assert own.dtype == torch.float64
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(estimator(images[order], SAMPLES[order]).native, own[order], rtol=0, atol=1e-5)
    cut = predict(estimator, images, SAMPLES, batch_size=4).native
    torch.testing.assert_close(cut, own, rtol=0, atol=1e-4)
    assert torch.equal(predict(estimator, images[5:], SAMPLES[5:], batch_size=4).native, cut[5:])
    assert torch.equal(copy.deepcopy(estimator).train()(images, SAMPLES).native, own)
    (slope,) = torch.autograd.grad(own[3], point)
    assert slope[3].abs().max() > 0
    assert slope[torch.arange(COUNT) != 3].abs().max() == 0


def test_does_not_care_for_the_order_of_its_inputs(estimator, images):
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))
    result = estimator(images, SAMPLES).log_probs
    torch.testing.assert_close(estimator(images[order], SAMPLES[order]).log_probs, result[:, order], rtol=0, atol=1e-5)


def test_agrees_across_batch_sizes_and_is_the_same_to_the_bit_at_one(estimator, images):
    whole = predict(estimator, images, SAMPLES).log_probs
    cut = predict(estimator, images, SAMPLES, batch_size=4).log_probs
    torch.testing.assert_close(cut, whole, rtol=0, atol=1e-4)
    torch.testing.assert_close(predict(estimator, images, SAMPLES, batch_size=1).log_probs, whole, rtol=0, atol=1e-4)
    assert torch.equal(predict(estimator, images, SAMPLES, batch_size=4).log_probs, cut)
    shard = predict(estimator, images[5:], SAMPLES[5:], batch_size=4).log_probs
    assert torch.equal(shard, cut[:, 5:])
    back = predict(estimator, images.flip(0), SAMPLES.flip(0), batch_size=4).log_probs
    assert torch.equal(back.flip(1), cut)


def test_is_the_same_when_asked_again_or_copied(estimator, images):
    first = estimator(images, SAMPLES).log_probs
    assert torch.equal(estimator(images, SAMPLES).log_probs, first)
    assert torch.equal(copy.deepcopy(estimator)(images, SAMPLES).log_probs, first)


def test_gradients_reach_every_input_and_only_its_own(estimator, images):
    point = images.clone().requires_grad_()
    result = estimator(point, SAMPLES)
    (slope,) = torch.autograd.grad(result.mean_log_probs[3, 0], point)
    assert slope[3].abs().max() > 0
    others = torch.arange(COUNT) != 3
    assert slope[others].abs().max() == 0
    assert all(parameter.grad is None for parameter in estimator.parameters())


def of_class(result):
    return result.mean_log_probs[:, 0].sum()


def of_its_own(result):
    return None if result.native is None else result.native.sum()


@pytest.mark.parametrize("what", [of_class, of_its_own])
def test_gradients_are_right(estimator, images, what):
    estimator, point = estimator.double(), images[:2].double().requires_grad_()
    direction = torch.randn(point.shape, generator=torch.Generator().manual_seed(1)).double()

    def value(inputs):
        return what(estimator(inputs, SAMPLES[:2]))

    if value(point) is None:
        pytest.skip("it has none")
    (slope,) = torch.autograd.grad(value(point), point)
    step = 1e-6
    with torch.no_grad():
        numeric = (value(point + step * direction) - value(point - step * direction)) / (2 * step)
    torch.testing.assert_close((slope * direction).sum(), numeric, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("training", [True, False])
def test_modes_and_statistics_are_left_as_they_were(estimator, images, training):
    estimator.train(training)
    next(estimator.parameters()).requires_grad_(False)

    def state():
        modes = [module.training for module in estimator.modules()]
        return modes, [parameter.requires_grad for parameter in estimator.parameters()]

    before, weights = state(), copy.deepcopy(estimator.state_dict())
    estimator(images, SAMPLES)
    assert state() == before
    with pytest.raises((NetworkError, RuntimeError), match="to have 2 channels, but got 1"):
        estimator(images[:, :1], SAMPLES)
    assert state() == before
    assert all(torch.equal(value, weights[name]) for name, value in estimator.state_dict().items())


def test_training_mode_makes_no_difference(estimator, images):
    assert torch.equal(estimator.train()(images, SAMPLES).log_probs, estimator.eval()(images, SAMPLES).log_probs)


def test_inference_mode_first_then_autograd(estimator, images):
    with torch.inference_mode():
        estimator(images + 0, SAMPLES + 0)
    point = images.clone().requires_grad_()
    estimator(point, SAMPLES).mean_log_probs.sum().backward()
    assert point.grad is not None


def test_takes_no_global_random_numbers(estimator, images):
    before = torch.random.get_rng_state()
    estimator(images, SAMPLES)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_applicable_measure_is_finite(estimator, images):
    result = estimator(images, SAMPLES)
    applicable = 0
    for measure in MEASURES.values():
        try:
            values = measure(result)
        except NotApplicable:
            continue
        applicable += 1
        assert torch.isfinite(values).all()
    assert applicable == (7 if result.draws > 1 else 4) + (result.native is not None)
