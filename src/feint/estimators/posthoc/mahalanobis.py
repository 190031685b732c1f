"""The distance to the nearest class as a score, in units of the features' spread."""

from typing import Any, cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import DataError, InputError, NetworkError
from feint.estimators.backbone import checked_labels
from feint.estimators.outputs import Outputs
from feint.predictive import Categorical
from feint.protocols import LabelledImages

from .features import Features, gathered, make_room


@final
class Mahalanobis(nn.Module):
    """One network's softmax, with its features' Mahalanobis distance to the nearest class mean as the uncertainty.

    ``native`` is min_c (f(x) - mu_c)^T Sigma^-1 (f(x) - mu_c), at least 0: mu_c is the mean of the features of class c,
    by its true label, and Sigma their covariance around these means, one for all classes:
    1/N sum_c sum_{i in c} (f(x_i) - mu_c) (f(x_i) - mu_c)^T. Where features do not vary at all, as those that no image
    of the fit switches on, Sigma has no inverse; its pseudo-inverse is taken, as in the authors' code, and these
    directions do not count.

    It is fitted (``fit``) to labelled images once the network is trained, best to those that it was trained on; on the
    command line they are the word's own setting: ``mahalanobis:fit=path/to/data,fit.limit=5000``, by default what a
    victim's card says that it was trained on.

    Of the paper this is one layer. Its weights for several layers, and the size of the step that it makes in the input,
    it fits to examples of what is to be detected, which nobody has beforehand.

    Args:
        network: maps images in [0, 1] to logits ``(N, C)``; it runs in eval mode and is left as it was found.
        layer: the part of the network whose input is taken as features (default: the last linear layer).
        preprocessing: first step so far in every pixel towards a smaller distance, as the paper does: x - step sign(d
            native / dx). Twice a plain pass and once a gradient; gradients treat the signs as constant, which they are.
        outputs: what the network returns, where that is not logits: see ``AsLogits``.

    Raises:
        InputError: no such layer, a step that is negative; or, when called, it has not been fitted.
        NetworkError: the network has no features.

    Reference: Lee et al. 2018, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
    Attacks", equations 1 and 2, and (preprocessing) equation 3.
    """

    means: Tensor
    whitening: Tensor

    def __init__(
        self,
        network: nn.Module,
        layer: str | None = None,
        preprocessing: float = 0.0,
        outputs: Outputs = "logits",
    ) -> None:
        super().__init__()
        if not 0 <= preprocessing < float("inf"):
            raise InputError(f"preprocessing: expected a finite number, 0 or more, got {preprocessing}")
        self.features = Features(network, layer, outputs)
        self.preprocessing = preprocessing
        self.register_buffer("means", torch.empty(0, 0, dtype=torch.float64))
        self.register_buffer("whitening", torch.empty(0, 0, dtype=torch.float64))

    def fit(self, data: LabelledImages) -> None:
        """Take means and covariance of the features of these images.

        Args:
            data: labelled images of every class.

        Raises:
            DataError: labels that are no classes, or a class without an image.
            NetworkError: features that are the same for all images of a class.
        """
        features, labels, classes = gathered(self.features, data)
        counts = checked_labels(labels, classes).bincount(minlength=classes)
        if (absent := (counts == 0).nonzero().flatten()).numel():
            some = ", ".join(str(int(label)) for label in absent[:5])
            raise DataError(f"fit: expected images of all {classes} classes, got none of {some}")
        means = features.new_zeros(classes, features.shape[1]).index_add_(0, labels, features) / counts.unsqueeze(1)
        centred = features - means[labels]
        linalg: Any = torch.linalg  # its results have no stubs
        variances, directions = cast(tuple[Tensor, Tensor], linalg.eigh(centred.T @ centred / len(features)))
        # As far as features in float32 tell a spread from their own rounding.
        least = variances[-1] * (features.shape[1] * torch.finfo(torch.float32).eps) ** 2
        kept = variances > least
        if not kept.any():
            raise NetworkError("features: expected some that differ within a class, got the same for all of its images")
        self.whitening = directions[:, kept] / variances[kept].sqrt()
        self.means = means @ self.whitening

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; nothing is drawn, and `samples` only tell which input an error is about."""
        if not self.means.numel():
            raise InputError("mahalanobis: expected to be fitted to images first (fit), got none")
        logits, features = self.features(inputs, samples)
        native = self._distance(features)
        if self.preprocessing:
            native = self._distance(self.features(self._nearer(inputs, samples), samples)[1])
        return Categorical(Categorical.from_logits(logits).log_probs, native)

    def extra_repr(self) -> str:
        """The step, which so becomes part of a fingerprint."""
        return f"preprocessing={self.preprocessing}"

    @property
    def called(self) -> str:
        """What errors call the network."""
        return self.features.softmax.called

    @called.setter
    def called(self, name: str) -> None:
        self.features.softmax.called = name

    def _distance(self, features: Float[Tensor, " N D"]) -> Float[Tensor, " N"]:
        white = features @ self.whitening
        nearest = (white.square().sum(dim=1, keepdim=True) - 2 * white @ self.means.T).detach()
        nearest = (nearest + self.means.square().sum(dim=1)).argmin(dim=1)
        # The difference itself, for what is left of the squares where they are large is rounding.
        return (white - self.means[nearest]).square().sum(dim=1)

    def _nearer(self, inputs: Tensor, samples: Tensor | None) -> Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            point = inputs.detach().clone().requires_grad_()
            keys = None if samples is None else samples.clone()
            (slope,) = torch.autograd.grad(self._distance(self.features(point, keys)[1]).sum(), point)
        return inputs - self.preprocessing * slope.sign()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any, **named: Any) -> None:
        make_room(self, state_dict, prefix, ("means", "whitening"))
        above: Any = super()
        above._load_from_state_dict(state_dict, prefix, *rest, **named)
