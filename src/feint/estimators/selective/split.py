"""A network in two: its last layer, and what that layer sees."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError
from feint.estimators.own_inputs import OwnInputs


def last_layer(network: nn.Module) -> nn.Linear:
    """The last linear layer of a network, where its logits should come from.

    Raises:
        NetworkError: it has none.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise NetworkError(f"network: expected one that ends in a linear layer, got a {type(network).__name__} without")
    return layers[-1]


def features_and_logits(
    network: nn.Module, inputs: Float[Tensor, " N ..."], own: OwnInputs
) -> tuple[Float[Tensor, " N F"], Float[Tensor, " N C"]]:
    """What the last layer sees, and the logits that it makes of it, in one pass.

    Args:
        network: ends in a linear layer.
        inputs: N of them.
        own: keeps them as they are.

    Raises:
        NetworkError: the network does something else after that layer, or does not give it one vector per input.
    """
    seen: list[tuple[Tensor, Tensor]] = []

    def note(_: nn.Module, given: tuple[Tensor], made: Tensor) -> None:
        seen.append((given[0], made))

    handle = last_layer(network).register_forward_hook(note)
    try:
        logits: Any = own.call(network, inputs)
    finally:
        handle.remove()
    if len(seen) != 1 or seen[0][1] is not logits or logits.ndim != 2 or len(logits) != len(inputs):
        raise NetworkError(
            f"network: expected one that ends in a linear layer and returns its logits (N, C), got a "
            f"{type(network).__name__} that does not"
        )
    return seen[0][0], logits
