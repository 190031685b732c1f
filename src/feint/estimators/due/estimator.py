"""The estimator: spectral-normalised features, a sparse Gaussian process on them, draws from each input's marginals."""

from collections.abc import Sequence
from typing import cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.estimators.backbone import checked_features, checked_labels, mean_distance, sampled_features, width_of
from feint.estimators.due.clusters import k_means
from feint.estimators.due.marginals import SparsePosterior
from feint.estimators.frozen import frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.own_inputs import OwnInputs
from feint.estimators.spectral import SpectralBound
from feint.keyed import uniforms
from feint.predictive import Categorical
from feint.protocols import LabelledImages

SAMPLED = 1000
"""Training inputs whose features give the inducing points and the length scale."""


@final
class DUE(nn.Module):
    """DUE: draws from a sparse Gaussian process on the features of a spectral-normalised network.

    Draw s of an input's logits is mu_c + sqrt(v_c) z_sc, mu and v being the marginals of that input and z one noise
    that all inputs share: a prediction does not depend on its batch, and an attacker sees a fixed function. What the
    draws disagree in is what the process does not know. There is no other uncertainty of its own (``native`` is None).

    ``training.fit`` trains it on the negative evidence lower bound, with gpytorch. ``begin`` sets the inducing points
    to the centres of k-means over features of 1,000 training inputs, the length scale to these features' mean
    distance, and the means of the values at the inducing points to a draw of the prior. Features go into the kernel as
    they are: rescaled, they would be outside the reach of what was set here.

    Args:
        features: the network, which maps inputs ``(N, *shape)`` to features ``(N, D)``. Its linear and convolutional
            layers, and batch normalisation's scales, are kept within ``coefficient``, changed in place.
        classes: C >= 2.
        shape: of one input.
        coefficient: the bound on each layer's operator norm, > 0.
        batch_norm: also bound batch normalisation's scale, as its authors do.
        inducing: M >= 1 inducing points; None for as many as classes.
        draws: S >= 1.
        seed: of the noise.

    Raises:
        InputError: a setting out of its range, or gpytorch is not installed.
        NetworkError: the network does not map such inputs to features, or has weights that cannot be bounded.

    Reference: van Amersfoort et al. 2021, "On Feature Collapse and Deep Kernel Learning for Single Forward Pass
    Uncertainty", section 3 and algorithm 1.
    """

    noise: Tensor

    called = ""
    """What errors call the network."""

    def __init__(
        self,
        features: nn.Module,
        classes: int,
        shape: Sequence[int],
        *,
        coefficient: float = 3.0,
        batch_norm: bool = True,
        inducing: int | None = None,
        draws: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        from feint.estimators.due.gaussian_process import SparseGP  # gpytorch takes seconds, and may not be there

        for name, holds, value in (
            ("classes: expected at least 2", classes >= 2, classes),
            ("inducing: expected None or at least 1", inducing is None or inducing >= 1, inducing),
            ("draws: expected at least 1", draws >= 1, draws),
        ):
            if not holds:
                raise InputError(f"{name}, got {value!r}")
        width = width_of(features, shape)
        self.features = features
        self.classes, self.draws, self.seed = classes, draws, seed
        self.bound = SpectralBound(features, shape, coefficient, batch_norm=batch_norm)
        self.process = SparseGP(classes, inducing or classes, width)
        self.register_buffer("noise", _normal(draws, classes, seed), persistent=False)
        self._format, self._own = MemoryFormat(), OwnInputs()
        self._count = 1

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict: S draws; `samples` only tell which input an error is about."""
        with frozen(self), located(self.called, self.features, inputs, samples):
            images = self._format.suited(self.features, inputs, self._logits)
            return Categorical.from_logits(self._logits(images))

    def surprise(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, " N"]:
        """The likelihood's loss at the class that it predicts, in nats: the mean over draws of -log p_s(y).

        At least -log of the mean probability, which it equals where the draws agree (Jensen): an attacker who lowers it
        also takes from the draws what they disagree in.

        Args:
            inputs: shape ``(N, *shape)``.
            samples: not used.
        """
        found = self(inputs, samples)
        own = found.prediction.expand(found.draws, -1).unsqueeze(-1)
        return -found.log_probs.gather(-1, own).squeeze(-1).mean(dim=0)

    def begin(self, data: LabelledImages) -> None:
        """Put the weights within their bounds, and set by the data where the process starts."""
        self._count = len(data)
        self.bound.begin(self.features, data)
        features = sampled_features(self.features, data, SAMPLED)
        self.process.place(k_means(features, len(self.process.strategy.inducing_points)), mean_distance(features))

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The negative evidence lower bound of a batch, per input, in nats."""
        checked_labels(labels, self.classes)
        features = checked_features(self._own.call(self.features, inputs), len(inputs))
        return -self.process.bound(features, labels, self._count)

    def after_step(self) -> None:
        """Put the weights within their bounds again."""
        self.bound.step()

    def end_epoch(self) -> None:
        """Bound the weights to the converged norms."""
        self.bound.settle()

    def posterior(self) -> SparsePosterior:
        """The process as it stands."""
        strategy, kernel = self.process.strategy, self.process.kernel
        values = strategy._variational_distribution
        return SparsePosterior(
            inducing=strategy.inducing_points,
            mean=values.variational_mean,
            root=values.chol_variational_covar.tril(),
            length_scale=kernel.base_kernel.lengthscale[:, 0, 0],
            scale=kernel.outputscale,
            constant=self.process.mean.constant,
            jitter=strategy.jitter_val,
        )

    def _logits(self, inputs: Tensor) -> Float[Tensor, " S N C"]:
        features = checked_features(self._own.call(self.features, inputs), len(inputs))
        mean, variance = self.posterior().marginals(features)
        if mean.device.type != "mps":  # Apple's GPUs have no float64
            mean, variance = mean.double(), variance.double()
        return mean + variance.sqrt() * self.noise.to(mean).unsqueeze(1)


def _normal(draws: int, classes: int, seed: int) -> Float[Tensor, " S C"]:
    """Standard normal numbers, the same for the same seed; more draws do not change the first."""
    numbers = uniforms(torch.arange(draws), classes, seed=seed)
    normal = cast(Tensor, torch.special.ndtri(numbers.clamp(min=2.0**-54)))  # pyright: ignore[reportUnknownMemberType]
    return normal.float()
