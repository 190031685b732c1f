"""A network in two: what comes before its last layer, and that layer."""

from collections.abc import Callable, Iterator
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError


def last_layer(network: nn.Module) -> nn.Linear:
    """The linear layer that the logits come from, of a network that is ``classifier(features(inputs))``.

    Args:
        network: has ``features``, a method or a module, and ``classifier``, a linear layer or a sequence that ends in
            one, as the built-in architectures have.

    Raises:
        NetworkError: it has not.
    """
    classifier: object = getattr(network, "classifier", None)
    if isinstance(classifier, nn.Sequential) and len(classifier):
        classifier = classifier[-1]
    if not isinstance(classifier, nn.Linear) or not callable(getattr(network, "features", None)):
        raise NetworkError(
            "network: expected classifier(features(inputs)), with a classifier that ends in a linear layer, as the "
            f"built-in architectures are, got a {type(network).__name__} that is not"
        )
    return classifier


def before_last(network: nn.Module, inputs: Float[Tensor, " N ..."]) -> Float[Tensor, " N F"]:
    """What the last layer of such a network sees: hidden layers of its classifier are passed through."""
    features = cast(Callable[[Tensor], Tensor], network.features)(inputs)
    for layer in _hidden(network):
        features = layer(features)
    return features


def _hidden(network: nn.Module) -> Iterator[nn.Module]:
    """The layers of the classifier but the last."""
    classifier = network.classifier
    if isinstance(classifier, nn.Sequential):
        yield from list(classifier)[:-1]
