"""The distance to the k-th nearest neighbour among known images as a score."""

from typing import Any, final

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import DataError, InputError
from feint.estimators.outputs import Outputs
from feint.predictive import Categorical
from feint.protocols import LabelledImages

from .features import Features, gathered, make_room

ROOM = 2**14
"""Known images that inputs are compared with at a time."""


@final
class KNN(nn.Module):
    """One network's softmax, with the distance to the k-th nearest known image as the uncertainty, between features.

    ``native`` is ||z - z_(k)|| in [0, 2]: z = f(x) / ||f(x)|| are the features at unit length, and z_(k) is the k-th
    nearest of those of the images that it was fitted to.

    It is fitted (``fit``) once the network is trained, best to the images that it was trained on; on the command line
    they are the word's own setting: ``knn:k=50,fit=path/to/data,fit.limit=5000``, by default what a victim's card says
    that it was trained on. Their labels do not matter. The smaller the share of them, the smaller k wants to be.

    Args:
        network: maps images in [0, 1] to logits ``(N, C)``; it runs in eval mode and is left as it was found.
        k: which neighbour counts, from 1; the paper takes 50 of CIFAR-10's 50,000 images.
        layer: the part of the network whose input is taken as features (default: the last linear layer).
        outputs: what the network returns, where that is not logits: see ``AsLogits``.

    Raises:
        InputError: k below 1, no such layer; or, when called, it has not been fitted.
        NetworkError: the network has no features.

    Reference: Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors", algorithm 1.
    """

    known: Tensor

    def __init__(self, network: nn.Module, k: int = 50, layer: str | None = None, outputs: Outputs = "logits") -> None:
        super().__init__()
        if k < 1:
            raise InputError(f"k: expected at least 1, got {k}")
        self.features = Features(network, layer, outputs)
        self.k = k
        self.register_buffer("known", torch.empty(0, 0, dtype=torch.float64))

    def fit(self, data: LabelledImages) -> None:
        """Remember the features of these images.

        Args:
            data: k images or more.

        Raises:
            DataError: there are fewer than k.
        """
        features, _, _ = gathered(self.features, data)
        if len(features) < self.k:
            raise DataError(f"fit: expected at least k={self.k} images, got {len(features)}")
        self.known = F.normalize(features, dim=1)

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; nothing is drawn, and `samples` only tell which input an error is about."""
        if not self.known.numel():
            raise InputError("knn: expected to be fitted to images first (fit), got none")
        logits, features = self.features(inputs, samples)
        unit = F.normalize(features, dim=1)
        neighbour = self.known[self._neighbour(unit.detach())]
        native = (unit - neighbour).square().sum(dim=1)
        # At a known image itself the distance is 0, and so is its gradient, in place of 0 / 0.
        native = torch.where(native > 0, native, 1).sqrt() * (native > 0)
        return Categorical(Categorical.from_logits(logits).log_probs, native)

    def extra_repr(self) -> str:
        """Which neighbour, which so becomes part of a fingerprint."""
        return f"k={self.k}"

    @property
    def called(self) -> str:
        """What errors call the network."""
        return self.features.softmax.called

    @called.setter
    def called(self, name: str) -> None:
        self.features.softmax.called = name

    def _neighbour(self, unit: Float[Tensor, " N D"]) -> Int[Tensor, " N"]:
        """The position of the k-th nearest: of unit vectors, the one of the k-th largest product."""
        near = unit.new_empty(len(unit), 0)
        places = torch.empty(len(unit), 0, dtype=torch.int64, device=unit.device)
        for start in range(0, len(self.known), ROOM):
            products = unit @ self.known[start : start + ROOM].T
            positions = torch.arange(start, start + products.shape[1], device=unit.device).expand_as(products)
            near, places = torch.cat([near, products], dim=1), torch.cat([places, positions], dim=1)
            near, kept = near.topk(min(self.k, near.shape[1]), dim=1)
            places = places.gather(1, kept)
        return places[:, -1]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any, **named: Any) -> None:
        make_room(self, state_dict, prefix, ("known",))
        above: Any = super()
        above._load_from_state_dict(state_dict, prefix, *rest, **named)
