"""A classifier without its last layer: what an estimator with a head of its own is put on."""

import copy
from typing import cast, final

from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError


@final
class Headless(nn.Module):
    """A copy of a network that returns what its last linear layer saw.

    Any classifier that ends with an ``nn.Linear`` will do: the built-in architectures, torchvision's, timm's, a user's.

    Args:
        network: maps images to logits; it is left alone.

    Raises:
        NetworkError: it has no linear layer; or, when called, that layer is not what it ends with.

    >>> Headless(nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))).width
    3
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        network = copy.deepcopy(network)
        parts = cast(list[tuple[str, nn.Module]], [*network.named_modules()])
        linear = [(name, part) for name, part in parts if isinstance(part, nn.Linear) and name]
        if not linear:
            raise NetworkError(f"features: expected a network that ends with a linear layer, got {_kind(network)}")
        name, last = linear[-1]
        self.width = last.in_features
        """D, how many features it returns."""
        network.set_submodule(name, nn.Identity())
        self.network = network

    def forward(self, images: Float[Tensor, " N ..."]) -> Float[Tensor, " N D"]:
        """Features of images in [0, 1]."""
        features: object = self.network(images)
        if not isinstance(features, Tensor) or features.shape != (len(images), self.width):
            came = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
            raise NetworkError(
                f"features: expected a network that ends with a linear layer, {(len(images), self.width)} without it, "
                f"got {came} from {_kind(self.network)}"
            )
        return features


def _kind(network: nn.Module) -> str:
    return type(network).__name__
