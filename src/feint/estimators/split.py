"""A network in two: the features of its inputs, and the classifier on them."""

from typing import Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from feint.errors import NetworkError
from feint.estimators.frozen import checked_logits, frozen


@runtime_checkable
class Split(Protocol):
    """A network that is ``classifier(features(inputs))``, as the built-in architectures are."""

    @property
    def width(self) -> int:
        """F, the number of features."""
        ...

    def features(self, inputs: Tensor, /) -> Tensor:
        """The features of inputs, ``(N, F)``."""
        ...

    def classifier(self, features: Tensor, /) -> Tensor:
        """The logits of features, ``(N, C)``."""
        ...


def split(network: nn.Module) -> Split:
    """The network, known to have features.

    Raises:
        NetworkError: it has no ``features``, ``width`` or ``classifier``.
    """
    lacking = [name for name in ("features", "classifier") if not callable(getattr(network, name, None))]
    if not isinstance(getattr(network, "width", None), int):
        lacking.append("width")
    if lacking:
        raise NetworkError(
            "network: expected one that is classifier(features(inputs)), with the number of features as width, got a "
            f"{type(network).__name__} without {' and '.join(lacking)}"
        )
    return cast(Split, network)


def classes_of(network: nn.Module) -> int:
    """C, the number of classes that the network's own head tells apart.

    Raises:
        NetworkError: the network has no features, or its head does not take as many as it says.
    """
    parts = split(network)
    weight = next(network.parameters(), torch.zeros(0))
    with frozen(network), torch.no_grad():
        try:
            logits: object = parts.classifier(weight.new_zeros(1, parts.width))
        except RuntimeError as error:
            raise NetworkError(
                f"network: expected a classifier that takes {parts.width} features, as width says: {error}"
            ) from error
    return checked_logits(logits, 1).shape[1]
