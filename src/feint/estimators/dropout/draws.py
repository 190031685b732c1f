"""Dropout that acts in a network in eval mode, with masks that are a function of draw, layer and (if wanted) sample."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor
from torch.overrides import TorchFunctionMode

from feint.errors import NetworkError
from feint.estimators.dropout.masks import keep_mask

DROPOUTS: dict[Callable[..., Tensor], tuple[bool, bool]] = {
    F.dropout: (False, False),
    F.dropout1d: (True, False),
    F.dropout2d: (True, False),
    F.dropout3d: (True, False),
    F.alpha_dropout: (False, True),
    F.feature_alpha_dropout: (True, True),
    torch.dropout: (False, False),
    torch.feature_dropout: (True, False),
    torch.alpha_dropout: (False, True),
    torch.feature_alpha_dropout: (True, True),
}
"""torch's dropouts: whether whole channels are dropped, and whether what is dropped becomes SELU's limit, not zero."""

SELU_LIMIT = -1.7580993408473766
"""What SELU tends to for very negative inputs: -scale x alpha (Klambauer et al. 2017)."""

ROOM = 8
"""What a row is taken to need, in sizes of the first activation: room for larger ones behind it, and for gradients."""

Masks = dict[tuple[Any, ...], Tensor]


@final
class DropoutDraws(TorchFunctionMode):
    """While active, every dropout with p > 0 drops, whatever mode its module is in.

    Where the first dropout acts, the batch of n inputs is repeated once per draw, so that what comes before is computed
    once; from there on the batch holds draw 0 of all inputs, then draw 1, and so on.

    Args:
        draws: the indices of the draws that are wanted.
        keys: the inputs' sample indices for masks of their own, or None for one mask per draw that all inputs share.
        count: n >= 1, the number of inputs.
        seed: the seed of the masks.
        cache: where shared masks are kept between passes.
        memory: bytes that the repeated batch may take; further draws are left for another pass (at least one is made).

    Attributes:
        made: how many of the draws, from the first one on, this pass made; 0 if no dropout acted.
        shapes: what each dropout got per input; more than one row if another dimension is folded in.
    """

    def __init__(
        self, draws: Sequence[int], keys: Int[Tensor, " n"] | None, count: int, seed: int, cache: Masks, memory: int
    ) -> None:
        super().__init__()
        self._draws, self._keys, self._count, self._seed = draws, keys, count, seed
        self._cache, self._memory = cache, memory
        self.made = 0
        self.shapes: list[tuple[int, ...]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Replace calls of dropout; let everything else through."""
        kwargs = kwargs or {}
        if func not in DROPOUTS:
            return func(*args, **kwargs)
        return self._dropout(func, *args, **{name: value for name, value in kwargs.items() if name in ("input", "p")})

    def _dropout(self, func: Callable[..., Tensor], input: Tensor, p: float = 0.5, *_: Any) -> Tensor:
        if p == 0:
            return input
        channelwise, alpha = DROPOUTS[func]
        repeated = max(self.made, 1)  # the first dropout repeats the batch: it is the mask that has all the draws
        if not self.made:
            self.made = self._affordable(input)
            if input.device.type == "cpu":  # channels last pays up to here: masks, and often a flattening, come next
                input = input.contiguous()
        if input.ndim < 2 or input.shape[0] % (repeated * self._count):
            raise NetworkError(
                "MC dropout expects dropout to act on batches, whose first dimension are the inputs: for "
                f"{self._count} inputs and {repeated} draws came shape {tuple(input.shape)}"
            )
        folded = input.shape[0] // (repeated * self._count)
        apart = input.view(repeated, self._count, folded, *input.shape[1:])
        keep = self._keep(tuple(apart.shape[2:]), channelwise, p, input.device)
        if alpha and p < 1:
            return _alpha_dropped(apart, keep, p).flatten(0, 2)
        return (apart * keep.to(input.dtype).div_(1 - p or 1)).flatten(0, 2)

    def _affordable(self, input: Tensor) -> int:
        per_draw = ROOM * input.numel() * input.element_size()
        return max(1, min(len(self._draws), self._memory // max(per_draw, 1)))

    def _keep(
        self, per_input: tuple[int, ...], channelwise: bool, p: float, device: torch.device
    ) -> Bool[Tensor, " S K ..."]:
        """Shape ``(draws, inputs or 1, *per_input)``, with 1 for what a channel has beyond its index."""
        shape = (*per_input[:2], *[1] * (len(per_input) - 2)) if channelwise else per_input
        layer, draws = len(self.shapes), tuple(self._draws[: self.made])
        self.shapes.append(per_input)
        name = (self._seed, layer, draws, shape, p, device)
        if self._keys is None and name in self._cache:
            return self._cache[name]
        with torch.inference_mode(False):  # or autograd would refuse the cached masks, and the keys' copy, later
            keys = torch.zeros(1, dtype=torch.int64, device=device) if self._keys is None else self._keys.clone()
            drawn = torch.tensor(draws, device=device)
            mask = keep_mask(keys.to(device), drawn, seed=self._seed, layer=layer, elements=math.prod(shape), drop=p)
            mask = mask.view(*mask.shape[:2], *shape)
        if self._keys is None:
            self._cache[name] = mask
        return mask


def _alpha_dropped(input: Tensor, keep: Tensor, p: float) -> Tensor:
    """Alpha dropout: the dropped become SELU's limit; mean and variance stay (Klambauer et al. 2017, section 3)."""
    scale = ((1 - p) * (1 + p * SELU_LIMIT**2)) ** -0.5
    return scale * (torch.where(keep, input, SELU_LIMIT) - p * SELU_LIMIT)
