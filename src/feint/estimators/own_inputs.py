"""A network gets inputs that it may change, and its caller's stay as they were."""

from typing import Any, final

import torch
from torch import Tensor, nn

from feint.errors import NetworkError


@final
class OwnInputs:
    """Calls a network, with a copy of the inputs where it changes what it is given (normalises in place, say).

    Whether it does is seen at the first call with inputs of a kind, on a copy. From then on only networks that do get
    copies; of the others it is still watched, at no cost. Copies and pickles leave behind what was seen.
    """

    def __init__(self) -> None:
        self._changes: dict[tuple[torch.Size, torch.dtype, bool], bool] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing that has been seen."""
        return {"_changes": {}}

    def call(self, network: nn.Module, inputs: Tensor) -> object:
        """What the network returns.

        Raises:
            NetworkError: it changed its inputs, and did not at its first call.
        """
        kind = inputs.shape[1:], inputs.dtype, inputs.requires_grad
        changes = self._changes.get(kind)
        if changes is None or changes:
            given = inputs.clone()
            outputs = network(given)
            if changes is None and len(inputs):
                self._changes[kind] = not torch.equal(given, inputs)
            return outputs
        if inputs.is_inference():  # has no count of its changes
            return network(inputs)
        before = inputs._version
        outputs = network(inputs)
        if inputs._version != before:
            raise NetworkError(
                "a network may not change its inputs: this one left them alone when it was first called, and changed "
                f"them now, inputs of shape {tuple(inputs.shape)}"
            )
        return outputs
