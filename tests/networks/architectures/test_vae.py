"""The variational autoencoder against closed forms, and trained for a moment."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from feint.errors import NetworkError
from feint.networks import VariationalAutoencoder
from feint.networks.architectures.vae import Gaussian
from feint.protocols import Trainable
from feint.training import Recipe, fit, seeded


def small(seed=0):
    with seeded(seed):
        return VariationalAutoencoder(height=6, width=6, hidden=(32, 16))


class Bars:
    """Images of 6x6, of which the upper, the middle or the lower third is bright."""

    shape = (1, 6, 6)

    def __init__(self):
        self.images = torch.full((36, 1, 6, 6), 0.05)
        for index in range(36):
            self.images[index, 0, 2 * (index % 3) : 2 * (index % 3) + 2] = 0.95

    def __len__(self):
        return 36

    def gather(self, positions):
        rows = torch.tensor(positions)
        return self.images[rows], rows % 3, rows


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def posterior(spread=1.0):
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = (spread * torch.randn(7, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    return Gaussian(mean, log_variance)


@pytest.mark.parametrize("spread", [1e-4, 1.0, 3.0])
def test_kl_is_that_of_torch(spread):
    found = posterior(spread)
    theirs = kl_divergence(Normal(found.mean, (found.log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(found.kl(), theirs, rtol=1e-7, atol=1e-15)
    assert (found.kl() >= 0).all()


def test_kl_in_closed_form():
    """A point mass in the limit costs log(1 / sd); the prior itself costs nothing."""
    assert Gaussian(torch.zeros(2, 2), torch.zeros(2, 2)).kl().tolist() == [0.0, 0.0]
    narrow = Gaussian(torch.zeros(1, 1), torch.full((1, 1), 2 * math.log(1e-3)))
    assert narrow.kl().item() == pytest.approx(math.log(1e3) - 0.5, abs=1e-5)


def test_gradients_of_the_sample():
    """z = mean + exp(l / 2) noise: dz/dmean = 1, dz/dl = exp(l / 2) noise / 2."""
    noise = torch.randn(7, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = posterior()
    mean, log_variance = found.mean.requires_grad_(), found.log_variance.requires_grad_()
    Gaussian(mean, log_variance).at(noise).sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    torch.testing.assert_close(log_variance.grad, (log_variance.detach() / 2).exp() * noise / 2)


def test_samples_have_the_moments_of_the_posterior():
    found = Gaussian(torch.tensor([[1.0, -2.0]]).expand(40_000, 2), torch.tensor([[0.5, -1.0]]).expand(40_000, 2))
    points = found.at(torch.randn(40_000, 2, generator=torch.Generator().manual_seed(2)))
    torch.testing.assert_close(points.mean(0), torch.tensor([1.0, -2.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(points.var(0), torch.tensor([0.5, -1.0]).exp(), atol=0.05, rtol=0)


def test_elbo_is_log_likelihood_less_kl():
    autoencoder, images = small().double(), Bars().images.double()
    noise = torch.randn(36, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    found = autoencoder.encode(images)
    pixels = Bernoulli(logits=autoencoder.decode_logits(found.at(noise)), validate_args=False)
    expected = pixels.log_prob(images).sum((1, 2, 3)) - found.kl()
    torch.testing.assert_close(autoencoder.elbo(images, noise), expected)


def test_shapes_and_sizes():
    autoencoder = VariationalAutoencoder()
    images = torch.rand(3, 1, 28, 28)
    sizes = [tuple(layer.weight.shape) for layer in autoencoder.modules() if isinstance(layer, torch.nn.Linear)]
    assert sizes == [(400, 784), (256, 400), (4, 256), (256, 2), (400, 256), (784, 400)]
    for found in (autoencoder(images), autoencoder.reconstruct(images), autoencoder.decode(torch.zeros(3, 2))):
        assert found.shape == images.shape
        assert (found >= 0).all()
        assert (found <= 1).all()
    with pytest.raises(NetworkError, match=r"1x28x28 .*, got 1x8x8"):
        autoencoder.encode(torch.rand(3, 1, 8, 8))


def test_training_raises_the_bound():
    autoencoder, data = small(), Bars()
    assert isinstance(autoencoder, Trainable)
    recipe = Recipe(epochs=60, batch_size=12, learning_rate=1e-2, validation_share=0.0)
    history = fit(autoencoder, data, recipe=recipe)
    losses = [epoch.training_loss for epoch in history.epochs]
    rate = data.images.mean()  # all that is known to a decoder that its input does not reach
    assert losses[-1] < -36 * float(rate * rate.log() + (1 - rate) * (1 - rate).log()) < losses[0]
    misfit = (autoencoder.reconstruct(data.images) - data.images).abs().mean()
    assert misfit < (data.images.mean() - data.images).abs().mean()


def test_the_same_seed_gives_the_same_weights():
    first, second, other = small(), small(), small(1)
    recipe = Recipe(epochs=2, batch_size=12, validation_share=0.0)
    for autoencoder, seed in ((first, 5), (second, 5), (other, 6)):
        fit(autoencoder, Bars(), recipe=recipe, seed=seed)
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert not torch.equal(first.decoder[0].weight, other.decoder[0].weight)
