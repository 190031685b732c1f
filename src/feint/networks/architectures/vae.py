"""A variational autoencoder: images on a plane, and back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from feint.errors import NetworkError
from feint.protocols import LabelledImages


@final
@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution per input, its dimensions independent of each other.

    Attributes:
        mean: shape ``(N, D)``.
        log_variance: natural logarithms of the variances, shape ``(N, D)``.
    """

    mean: Float[Tensor, " N D"]
    log_variance: Float[Tensor, " N D"]

    def at(self, noise: Float[Tensor, " N D"]) -> Float[Tensor, " N D"]:
        """The points that standard normal noise stands for: mean + exp(log_variance / 2) noise."""
        return self.mean + (self.log_variance / 2).exp() * noise

    def kl(self) -> Float[Tensor, " N"]:
        """KL(this || N(0, 1)) in nats, 0 or more.

        ``1/2 sum_d (mean_d^2 + exp(log_variance_d) - 1 - log_variance_d)``

        >>> Gaussian(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)).kl()
        tensor([2.])
        """
        surplus = self.log_variance.expm1() - self.log_variance
        return (self.mean.square() + surplus).sum(dim=1) / 2


@final
class VariationalAutoencoder(nn.Module):
    """An encoder from images to Gaussians over few dimensions, and a decoder that mirrors it.

    784-400-256-2 with ELU for 28x28 images; the decoder is 2-256-400-784. The prior is a standard normal, a pixel is a
    Bernoulli variable: ``log p(x | z) = sum x log y + (1 - x) log(1 - y)`` also where x is a grey value, as usual for
    MNIST, though this is then no normalised density. It is a ``Trainable``: its loss is the negative ELBO in nats.

    Reference: Kingma & Welling 2014, "Auto-Encoding Variational Bayes", equation 10 and appendix C.1; the layers are
    those of Smith & Gal 2018.
    """

    def __init__(
        self,
        channels: int = 1,
        height: int = 28,
        width: int = 28,
        latent: int = 2,
        hidden: Sequence[int] = (400, 256),
    ) -> None:
        """Build it with torch's default initialisation.

        Args:
            channels: of the images.
            height: of the images, in pixels.
            width: of the images, in pixels.
            latent: D, the dimensions of the latent space.
            hidden: sizes of the encoder's hidden layers.
        """
        super().__init__()
        self.shape, self.latent = (channels, height, width), latent
        sizes = (math.prod(self.shape), *hidden)
        self.encoder = nn.Sequential(nn.Flatten(), *_layers(sizes), nn.Linear(sizes[-1], 2 * latent))
        self.decoder = nn.Sequential(*_layers((latent, *reversed(hidden))), nn.Linear(sizes[1], sizes[0]))

    def encode(self, images: Float[Tensor, " N channels height width"]) -> Gaussian:
        """The posterior of each image.

        Raises:
            NetworkError: images of another size.
        """
        if tuple(images.shape[1:]) != self.shape:
            expected, came = ("x".join(map(str, shape)) for shape in (self.shape, tuple(images.shape[1:])))
            raise NetworkError(f"the autoencoder expects images of {expected} (channels x height x width), got {came}")
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return Gaussian(mean, log_variance)

    def decode_logits(self, points: Float[Tensor, " N D"]) -> Float[Tensor, " N channels height width"]:
        """The log-odds of each pixel."""
        return self.decoder(points).unflatten(1, self.shape)

    def decode(self, points: Float[Tensor, " N D"]) -> Float[Tensor, " N channels height width"]:
        """The images that latent points stand for, in [0, 1]."""
        return self.decode_logits(points).sigmoid()

    def reconstruct(
        self, images: Float[Tensor, " N channels height width"]
    ) -> Float[Tensor, " N channels height width"]:
        """There and back, through the mean of the posterior."""
        return self.decode(self.encode(images).mean)

    def forward(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N channels height width"]:
        """The reconstruction."""
        return self.reconstruct(images)

    def elbo(
        self, images: Float[Tensor, " N channels height width"], noise: Float[Tensor, " N D"]
    ) -> Float[Tensor, " N"]:
        """The evidence lower bound of each image in nats, its expectation over the posterior taken at one point.

        ``log p(x | z) - KL(q(z | x) || p(z))`` at ``z = mean + sd noise``: differentiable in the encoder's weights.

        Args:
            images: in [0, 1].
            noise: standard normal.
        """
        posterior = self.encode(images)
        logits = self.decode_logits(posterior.at(noise))
        misfit = functional.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(dim=1)
        return -misfit - posterior.kl()

    def begin(self, data: LabelledImages) -> None:
        """Nothing to prepare."""

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The mean negative ELBO of a batch, in nats; labels are not looked at."""
        return -self.elbo(inputs, torch.randn(len(inputs), self.latent, device=inputs.device)).mean()

    def after_step(self) -> None:
        """Nothing to do."""

    def end_epoch(self) -> None:
        """Nothing to do."""


def _layers(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers between these sizes, an ELU after each."""
    return [layer for before, after in pairwise(sizes) for layer in (nn.Linear(before, after), nn.ELU())]
