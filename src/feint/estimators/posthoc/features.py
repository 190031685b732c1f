"""The features of a network that stays as it is: what its last linear layer is given, or a layer that is named."""

from collections.abc import Mapping
from typing import Any, cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.batching import padded_batches
from feint.errors import DataError, InputError, NetworkError
from feint.estimators.backbone import checked_features
from feint.estimators.outputs import AsLogits, Outputs
from feint.estimators.softmax import Softmax
from feint.protocols import LabelledImages

AT_ONCE = 100
"""Inputs per call while a score is fitted, whatever it is asked in later: the fit is the same in every run."""


@final
class Features(nn.Module):
    """A network that is asked for logits and features in one pass.

    Features are what a layer is given when it is last called. Maps of them are averaged over their pixels, as in Lee et
    al. 2018.

    Args:
        network: maps images in [0, 1] to logits.
        layer: the name of a part of the network, as ``named_modules`` has it; None for the linear layer that is called
            last, which then has to be the one that the classes come from.
        outputs: what the network returns, where that is not logits.

    Raises:
        InputError: no part is called so.
        NetworkError: it has no linear layer; or, when called, the layer is not called, ends in something else than the
            classes, or is given no features.
    """

    def __init__(self, network: nn.Module, layer: str | None = None, outputs: Outputs = "logits") -> None:
        super().__init__()
        self.softmax = Softmax(network, outputs=outputs)
        self.layer = layer
        self._watched()  # what is not there is said at once

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        inside = self.softmax.network
        return inside.network if isinstance(inside, AsLogits) else inside

    def forward(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> tuple[Float[Tensor, " N C"], Float[Tensor, " N D"]]:
        """Logits as the network returns them, and features in float64 (but on Apple's GPUs, which have none)."""
        seen: dict[nn.Module, object] = {}

        def see(part: nn.Module, args: tuple[Any, ...], named: Mapping[str, Any]) -> None:
            given: object = next((each for each in (*args, *named.values()) if isinstance(each, Tensor)), None)
            if isinstance(given, Tensor) and given.ndim == 4:
                given = given.mean(dim=(2, 3))
            elif isinstance(given, Tensor) and given.ndim == 2:
                given = given.clone()  # a layer that works in place would change it
            seen.clear()
            seen[part] = given

        handles = [part.register_forward_pre_hook(see, with_kwargs=True) for part in self._watched()]
        try:
            logits = self.softmax.logits(inputs, samples)
        finally:
            for handle in handles:
                handle.remove()
        if not seen:
            raise NetworkError(f"layer: expected {self.layer or 'a linear layer'} to be called, got no call of it")
        ((part, features),) = seen.items()
        width = getattr(part, "out_features", None)
        if self.layer is None and width != logits.shape[1] and width != 1:
            raise NetworkError(
                f"layer: expected a network that ends with a linear layer, got {type(self.network).__name__}, whose "
                f"last one has {width} outputs for {logits.shape[1]} classes; name the layer whose input is wanted"
            )
        return logits, exact(checked_features(features, len(inputs)))

    def extra_repr(self) -> str:
        """The layer, which so becomes part of a fingerprint."""
        return f"layer={self.layer!r}"

    def _watched(self) -> list[nn.Module]:
        network = self.network
        if self.layer is not None:
            parts = dict(cast(list[tuple[str, nn.Module]], [*network.named_modules()]))
            if self.layer not in parts or not self.layer:
                some = ", ".join([name for name in parts if name][-3:]) or "none, for it has no parts"
                raise InputError(f"layer: expected the name of a part of the network, as {some}; got {self.layer!r}")
            return [parts[self.layer]]
        found: list[nn.Module] = [part for part in network.modules() if isinstance(part, nn.Linear)]
        if not found:
            raise NetworkError(
                f"layer: expected a network with a linear layer, got {type(network).__name__}, which has none; name "
                "the layer whose input is wanted"
            )
        return found


def exact(values: Float[Tensor, " *shape"]) -> Float[Tensor, " *shape"]:
    """The same in float64, but on Apple's GPUs, which have none."""
    return values if values.device.type == "mps" else values.double()


def gathered(features: Features, data: LabelledImages) -> tuple[Float[Tensor, " n D"], Int[Tensor, " n"], int]:
    """What a score is fitted to: features and labels of all inputs that can be read, in order, and C.

    Raises:
        DataError: none can be read.
    """
    device = next((parameter.device for parameter in features.parameters()), torch.device("cpu"))
    found: list[Tensor] = []
    truth: list[Tensor] = []
    classes = 0
    with torch.no_grad():
        for start in range(0, len(data), AT_ONCE):
            inputs, labels, samples = data.gather(range(start, min(start + AT_ONCE, len(data))))
            for batch, keys, count in padded_batches(inputs.to(device), samples.to(device), AT_ONCE):
                logits, here = features(batch, keys)
                classes = logits.shape[1]
                found.append(here[:count])
            truth.append(labels.to(device))
    if not found:
        raise DataError(f"fit: expected images that can be read, got none of {len(data)}")
    return torch.cat(found), torch.cat(truth), classes


def make_room(module: nn.Module, state: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> None:
    """Give buffers the shapes that they have in a state, which only a fit knows, so that it can be loaded."""
    for name in names:
        saved, own = state.get(prefix + name), getattr(module, name)
        if isinstance(saved, Tensor) and saved.shape != own.shape:
            setattr(module, name, own.new_empty(saved.shape))
