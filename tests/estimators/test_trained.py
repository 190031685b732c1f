"""Estimators with a training of their own: fitted, interrupted, saved and loaded."""

import copy

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from feint.estimators import DUE, DUQ, SNGP, predict
from feint.networks import load_weights
from feint.protocols import Estimator, Trainable
from feint.training import Recipe, fit, seeded

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
