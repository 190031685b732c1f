"""Estimators with a training of their own: fitted, interrupted, saved and loaded."""

import copy

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from feint.catalog import ARCHITECTURES
from feint.estimators import DUE, DUQ, SNGP, predict
from feint.networks import load_weights
from feint.protocols import Estimator, Trainable
from feint.runs.things import loaded
from feint.training import Recipe, fit, seeded
from feint.victims.settings import EstimatorWord
from feint.victims.whole import whole

SHAPE = (1, 4, 4)


class Blobs:
    """Images that are bright above for class 0, below for class 1 and nowhere for class 2."""

    shape = SHAPE

    def __len__(self):
        return 90

    def gather(self, positions):
        rows = torch.tensor(list(positions))
        images = torch.rand(90, *SHAPE, generator=torch.Generator().manual_seed(0)) * 0.3
        images[0::3, :, :2] += 0.6
        images[1::3, :, 2:] += 0.6
        return images[rows], rows % 3, rows + 1000


def features():
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 8), nn.ReLU())
    )


BUILDERS = {
    "duq": lambda: DUQ(features(), 3, SHAPE, length=8, sigma=0.3),
    "duq, square": lambda: DUQ(features(), 3, SHAPE, length=8, sigma=0.3, penalised="square"),
    "sngp": lambda: SNGP(features(), 3, SHAPE, random_features=48),
    "sngp, by class": lambda: SNGP(features(), 3, SHAPE, random_features=48, likelihood="softmax", batch_norm=True),
    "due": lambda: DUE(features(), 3, SHAPE, draws=5),
}
RECIPE = Recipe(epochs=8, batch_size=15, learning_rate=0.02)
LONG = Recipe(epochs=40, batch_size=15, learning_rate=0.02)
"""Enough for SNGP: after 8 epochs what it has learned is up to the seed, and to the last bits of the arithmetic."""


@pytest.fixture(params=BUILDERS)
def build(request):
    def seeded_build(seed=0):
        with seeded(seed):
            return BUILDERS[request.param]()

    return seeded_build


def test_learns(build):
    estimator = build()
    assert isinstance(estimator, Estimator)
    assert isinstance(estimator, Trainable)
    history = fit(estimator, Blobs(), recipe=LONG if isinstance(estimator, SNGP) else RECIPE)
    images, labels, samples = Blobs().gather(range(90))
    assert (predict(estimator, images, samples).prediction == labels).double().mean() > 0.85
    assert history.epochs[-1].training_loss < history.epochs[0].training_loss


def test_saved_and_loaded_into_a_new_one_it_is_equal(build, tmp_path):
    estimator, images = build(), Blobs().gather(range(20))[0]
    fit(estimator, Blobs(), recipe=RECIPE)
    state = {name: value.contiguous() for name, value in estimator.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    expected = predict(estimator, images)
    for load in (
        lambda other: other.load_state_dict(copy.deepcopy(estimator.state_dict())),
        lambda other: load_weights(other, tmp_path / "weights.safetensors"),
    ):
        other = build(seed=1)
        assert not torch.equal(predict(other, images).log_probs, expected.log_probs)
        load(other)
        found = predict(other, images)
        assert torch.equal(found.log_probs, expected.log_probs)
        if expected.native is not None:
            assert torch.equal(found.native, expected.native)


def test_interrupted_it_goes_on_to_the_same_bits(build, tmp_path):
    straight = build()
    fit(straight, Blobs(), recipe=RECIPE, checkpoint=tmp_path / "straight")

    def stop(epoch):
        if epoch.number == 3:
            raise KeyboardInterrupt

    broken = build()
    with pytest.raises(KeyboardInterrupt):
        fit(broken, Blobs(), recipe=RECIPE, checkpoint=tmp_path / "broken", progress=stop)
    resumed = build(seed=7)  # what is drawn at the start does not matter any more
    fit(resumed, Blobs(), recipe=RECIPE, checkpoint=tmp_path / "broken")
    expected = straight.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in resumed.state_dict().items())


def test_training_says_what_is_wrong_with_labels(build):
    class Wrong(Blobs):
        def gather(self, positions):
            images, labels, samples = super().gather(positions)
            return images, labels + 1, samples

    with pytest.raises(ValueError, match="labels: expected 0 to 2, as there are 3 classes"):
        fit(build(), Wrong(), recipe=RECIPE)


@pytest.mark.parametrize(("name", "shape"), [("lenet", (1, 28, 28)), ("cifar-resnet18", (3, 32, 32))])
@pytest.mark.parametrize("word", [{"name": "duq", "length": 32}, {"name": "sngp"}, {"name": "due"}], ids=str)
def test_sits_on_the_built_in_architectures(word, name, shape):
    class Noise:
        def __len__(self):
            return 12

        def gather(self, positions):
            rows = torch.tensor(list(positions))
            images = torch.rand(12, *shape, generator=torch.Generator().manual_seed(0))
            return images[rows], rows % 4, rows

    Noise.shape = shape
    with seeded(0):
        network = loaded(ARCHITECTURES[name])(classes=4)
        estimator = whole(EstimatorWord.parse(word), network, 4, shape)
    estimator.begin(Noise())
    optimizer = torch.optim.SGD(estimator.parameters(), lr=0.01)
    images, labels, _ = Noise().gather(range(5))
    estimator.step(images, labels).backward()
    optimizer.step()
    estimator.after_step()
    estimator.end_epoch()
    found = estimator.eval()(images.requires_grad_())
    assert found.log_probs.shape[1:] == (5, 4)
    (slope,) = torch.autograd.grad(found.mean_log_probs[:, 0].sum(), images)
    assert torch.isfinite(slope).all()
    assert slope.flatten(1).abs().amax(dim=1).min() > 0


def modes_of(module):
    return [each.training for each in module.modules()]


class Dim(Blobs):
    def gather(self, positions):
        images, labels, samples = super().gather(positions)
        return 0.01 * images, labels, samples


@pytest.mark.parametrize("build", [SNGP, DUE], ids=["sngp", "due"])
def test_length_scale_is_that_of_features_as_training_sees_them(build):
    with seeded(0):
        estimator = build(features(), 3, SHAPE, **({"length_scale": None} if build is SNGP else {}))
        running, modes = copy.deepcopy(dict(estimator.features.named_buffers())), modes_of(estimator)
        estimator.begin(Dim())
    assert all(torch.equal(value, running[name]) for name, value in estimator.features.named_buffers())
    assert modes_of(estimator) == modes
    with torch.no_grad():
        seen = estimator.train().features(Dim().gather(range(90))[0])
        unlike = estimator.eval().features(Dim().gather(range(90))[0])
    found = estimator.random.length_scale if build is SNGP else estimator.posterior().length_scale
    torch.testing.assert_close(found.detach(), torch.pdist(seen).mean().expand(found.shape))
    assert torch.pdist(unlike).mean() < 0.1 * found.min()


@pytest.mark.parametrize("build", [SNGP, DUE], ids=["sngp", "due"])
def test_features_stay_as_far_apart_as_the_length_scale_says_once_batch_normalisation_is_bounded(build):
    with seeded(0):
        estimator = build(features(), 3, SHAPE, batch_norm=True)
        estimator.begin(Dim())
    images = Dim().gather(range(90))[0]
    estimator.train()
    with torch.no_grad():
        for _ in range(100):  # steps that move nothing, but running variances to what they are
            estimator.features(images)
            estimator.after_step()
        distance = torch.pdist(estimator.features(images)).mean()
    found = estimator.random.length_scale if build is SNGP else estimator.posterior().length_scale
    torch.testing.assert_close(found.detach(), distance.expand(found.shape), rtol=0.1, atol=0)
