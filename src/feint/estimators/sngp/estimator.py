"""The estimator: spectral-normalised features, a Gaussian process on them, logits of mean and variance."""

import math
from collections.abc import Sequence
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.estimators.backbone import checked_features, checked_labels, mean_distance, sampled_features, width_of
from feint.estimators.frozen import frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.own_inputs import OwnInputs
from feint.estimators.sngp.laplace import Laplace
from feint.estimators.sngp.random_features import RandomFourierFeatures
from feint.estimators.spectral import SpectralBound
from feint.predictive import Categorical
from feint.protocols import LabelledImages

SAMPLED = 1000
"""Training inputs whose mean distance sets the length scale."""


@final
class SNGP(nn.Module):
    """SNGP: logits of a Gaussian process on the features of a spectral-normalised network, shrunk by its variance.

    Logits are m_c(x) / sqrt(1 + factor v_c(x)): m = beta phi(f(x)) is linear in random Fourier features of the
    network's features, v the variance of m under beta's Laplace posterior: small near the training data, 1 / ridge far
    from them, where the prediction goes flat. The variance is differentiable in the input, as an attacker would have
    it; the released code cuts it off. ``native`` is C / (C + sum_c exp(logit_c)), in (0, 1).

    ``training.fit`` trains it on the cross-entropy of m. The precision is that of the last epoch that was finished, and
    is inverted once, at its end.

    Args:
        features: the network f, which maps inputs ``(N, *shape)`` to features ``(N, D)``. Its linear and convolutional
            layers are kept within ``coefficient``, their weights changed in place.
        classes: C >= 2.
        shape: of one input.
        coefficient: the bound on each layer's operator norm, > 0.
        batch_norm: also bound batch normalisation's scale.
        random_features: M >= 1.
        length_scale: of the kernel, > 0; None for the mean distance of features as ``begin`` finds them.
        ridge: the prior's precision, > 0.
        likelihood: "gaussian" adds every input to the precision alike, one for all classes, as the released code does;
            "softmax" weighs it by p_c (1 - p_c), in a precision for each class, as equation 9 has it: C times the
            memory, and C times the time for it.
        mean_field: the factor, >= 0. pi / 8 approximates the posterior's mean of the softmax; the released code has 25.

    Raises:
        InputError: a setting out of its range.
        NetworkError: the network does not map such inputs to features, or has weights that cannot be bounded.

    Reference: Liu et al. 2020, "Simple and Principled Uncertainty Estimation with Deterministic Deep Learning via
    Distance Awareness", algorithm 1; equations 7 (features), 9 (precision) and 10 (spectral norm); the mean-field
    logits are those of its appendix, after Lu et al. 2020, "Mean-Field Approximation to Gaussian-Softmax Integral".
    """

    called = ""
    """What errors call the network."""

    def __init__(
        self,
        features: nn.Module,
        classes: int,
        shape: Sequence[int],
        *,
        coefficient: float = 3.0,
        batch_norm: bool = False,
        random_features: int = 1024,
        length_scale: float | None = None,
        ridge: float = 1.0,
        likelihood: Literal["gaussian", "softmax"] = "gaussian",
        mean_field: float = math.pi / 8,
    ) -> None:
        super().__init__()
        for name, holds, expected, value in (
            ("classes", classes >= 2, "at least 2", classes),
            ("random_features", random_features >= 1, "at least 1", random_features),
            (
                "length_scale",
                length_scale is None or 0 < length_scale < math.inf,
                "None or a finite number above 0",
                length_scale,
            ),
            ("ridge", 0 < ridge < math.inf, "a finite number above 0", ridge),
            ("likelihood", likelihood in ("gaussian", "softmax"), "'gaussian' or 'softmax'", likelihood),
            ("mean_field", 0 <= mean_field < math.inf, "a finite number, 0 or more", mean_field),
        ):
            if not holds:
                raise InputError(f"{name}: expected {expected}, got {value!r}")
        width = width_of(features, shape)
        self.features = features
        self.classes, self.likelihood, self.mean_field = classes, likelihood, mean_field
        self._measured = length_scale is None
        self.bound = SpectralBound(features, shape, coefficient, batch_norm=batch_norm)
        self.random = RandomFourierFeatures(width, random_features, length_scale or math.sqrt(width))
        self.output = nn.Linear(random_features, classes, bias=False)
        self.laplace = Laplace(random_features, classes if likelihood == "softmax" else 1, ridge)
        self._format, self._own = MemoryFormat(), OwnInputs()

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; `samples` only tell which input an error is about."""
        with frozen(self), located(self.called, self.features, inputs, samples):
            images = self._format.suited(self.features, inputs, self._mean_field_logits)
            logits = self._mean_field_logits(images)
        if logits.device.type != "mps":  # Apple's GPUs have no float64
            logits = logits.double()
        native = torch.sigmoid(math.log(self.classes) - logits.logsumexp(dim=1))
        return Categorical(Categorical.from_logits(logits).log_probs, native)

    def begin(self, data: LabelledImages) -> None:
        """Put the weights within their bounds, and measure the length scale if none was given."""
        self.bound.begin(self.features, data)
        if self._measured:
            self.random.length_scale.fill_(mean_distance(sampled_features(self.features, data, SAMPLED)))

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The mean cross-entropy of a batch, in nats; its random features are added to the precision's sum."""
        checked_labels(labels, self.classes)
        random = self._random(inputs)
        logits = self.output(random)
        if self.likelihood == "softmax":
            probabilities = logits.detach().softmax(dim=1)
            self.laplace.gather(random, probabilities * (1 - probabilities))
        else:
            self.laplace.gather(random, logits.new_ones(len(logits), 1))
        return nn.functional.cross_entropy(logits, labels)

    def after_step(self) -> None:
        """Put the weights within their bounds again."""
        self.bound.step()

    def end_epoch(self) -> None:
        """Bound the weights to the converged norms, and invert the precision."""
        self.bound.settle()
        self.laplace.settle()

    def _random(self, inputs: Tensor) -> Float[Tensor, " N M"]:
        return self.random(checked_features(self._own.call(self.features, inputs), len(inputs)))

    def _mean_field_logits(self, inputs: Tensor) -> Float[Tensor, " N C"]:
        random = self._random(inputs)
        return mean_field_logits(self.output(random), self.laplace.variance(random), self.mean_field)


def mean_field_logits(
    mean: Float[Tensor, " N C"], variance: Float[Tensor, " N G"], factor: float
) -> Float[Tensor, " N C"]:
    """Logits mean / sqrt(1 + factor variance), whose softmax is about the posterior's mean of the softmax.

    Args:
        mean: of the logits.
        variance: of each, or one for all of an input, >= 0.
        factor: pi / 8, from the probit approximation, or what was tuned.
    """
    return mean * (1 + factor * variance).rsqrt()
