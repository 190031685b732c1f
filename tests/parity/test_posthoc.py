"""Post-hoc scores against pytorch-ood, in float64."""

import pytest
import torch
from torch import nn

from feint.estimators import KNN, Energy, Mahalanobis, MaxLogit

from .conftest import outside

peer = outside("pytorch_ood.detector")

CLASSES, COUNT = 4, 300


class Blobs:
    """Noise around a picture for each class."""

    shape = (1, 4, 4)

    def __len__(self):
        return COUNT

    def gather(self, positions):
        rows, generator = torch.tensor(list(positions)), torch.Generator().manual_seed(0)
        pictures = torch.rand(CLASSES, *self.shape, generator=generator, dtype=torch.float64)
        noise = torch.randn(COUNT, *self.shape, generator=generator, dtype=torch.float64)
        return pictures[rows % CLASSES] + 0.2 * noise[rows], rows % CLASSES, rows


@pytest.fixture
def double():
    """Their centres and covariance are in torch's default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 9), nn.Softplus(), nn.Linear(9, CLASSES)).double().eval()


@pytest.fixture
def images():
    return torch.rand(50, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 10.0])
def test_energy(network, images, temperature):
    expected = peer.EnergyBased(network, t=temperature).predict(images)
    torch.testing.assert_close(Energy(network, temperature)(images).native, expected.detach(), rtol=1e-12, atol=1e-12)


def test_maximum_logit(network, images):
    torch.testing.assert_close(MaxLogit(network)(images).native, peer.MaxLogit(network).predict(images).detach())


def test_mahalanobis(double, network, images):
    score = Mahalanobis(network)
    score.fit(Blobs())
    known, labels, _ = Blobs().gather(range(COUNT))
    theirs = peer.Mahalanobis(network[:-1]).fit_features(network[:-1](known).detach(), labels)
    # Theirs is half the square, and its covariance a sum over images, not a mean, with 1e-6 on the diagonal.
    expected = 2 * COUNT * theirs.predict_features(network[:-1](images))
    torch.testing.assert_close(score(images).native, expected, rtol=1e-5, atol=0)


def test_the_step_of_mahalanobis(double, network, images):
    score = Mahalanobis(network, preprocessing=0.01)
    score.fit(Blobs())
    known, labels, _ = Blobs().gather(range(COUNT))
    theirs = peer.MahalanobisODIN(network[:-1], eps=0.01).fit_features(network[:-1](known).detach(), labels)
    torch.testing.assert_close(score(images).native, 2 * COUNT * theirs.predict(images), rtol=1e-5, atol=0)


@pytest.mark.parametrize("k", [1, 7, 50])
def test_nearest_neighbours(network, images, k):
    score = KNN(network, k=k)
    score.fit(Blobs())
    known, labels, _ = Blobs().gather(range(COUNT))
    theirs = peer.KNN(network[:-1], k=k).fit_features(network[:-1](known).detach(), labels)
    torch.testing.assert_close(score(images).native, theirs.predict_features(network[:-1](images)), rtol=0, atol=1e-7)
