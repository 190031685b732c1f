"""Dropout that acts in a network in eval mode, with masks that are a function of draw, layer and (if wanted) sample."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.overrides import TorchFunctionMode

from feint.errors import NetworkError
from feint.estimators.masks import keep_mask

ELEMENTWISE, CHANNELWISE = 0, 1
DROPOUTS: dict[Callable[..., Tensor], tuple[int, bool]] = {
    F.dropout: (ELEMENTWISE, False),
    F.dropout1d: (CHANNELWISE, False),
    F.dropout2d: (CHANNELWISE, False),
    F.dropout3d: (CHANNELWISE, False),
    F.alpha_dropout: (ELEMENTWISE, True),
    F.feature_alpha_dropout: (CHANNELWISE, True),
}
"""torch's dropouts: whether whole channels are dropped, and whether what is dropped becomes SELU's limit, not zero."""

SELU_LIMIT = -1.7580993408473766
"""What SELU tends to for very negative inputs: -scale x alpha (Klambauer et al. 2017)."""

Masks = dict[tuple[Any, ...], Tensor]


@final
class DropoutDraws(TorchFunctionMode):
    """While active, every dropout with p > 0 drops, whatever mode its module is in.

    Where the first dropout acts, the batch of n inputs is repeated once per draw, so that what comes before is computed
    once; from there on the batch holds draw 0 of all inputs, then draw 1, and so on.

    Args:
        draws: the indices of the draws that are wanted.
        keys: the inputs' sample indices for masks of their own, or None for one mask per draw that all inputs share.
        count: n, the number of inputs.
        seed: the seed of the masks.
        cache: where shared masks are kept between passes.
        memory: bytes that the repeated batch may take; further draws are left for another pass (at least one is made).

    Attributes:
        made: how many of the draws, from the first one on, this pass made; 0 if no dropout acted.
    """

    def __init__(
        self, draws: Sequence[int], keys: Int[Tensor, " n"] | None, count: int, seed: int, cache: Masks, memory: int
    ) -> None:
        super().__init__()
        self._draws, self._keys, self._count, self._seed = draws, keys, count, seed
        self._cache, self._memory = cache, memory
        self._layer = 0
        self.made = 0

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
        if not self.made:
            input = self._repeated(input)
        rows = self.made * self._count
        if input.shape[0] % rows:
            raise NetworkError(
                f"MC dropout expects dropout to act on batches of inputs: for {self._count} inputs and {self.made} "
                f"draws came shape {tuple(input.shape)}"
            )
        per_input = (input.shape[0] // rows, *input.shape[1:])
        keep = self._mask(per_input, channelwise, p, input.device)
        keep = keep.expand(self.made, self._count, *keep.shape[2:]).reshape(rows * per_input[0], *keep.shape[3:])
        self._layer += 1
        if alpha:
            return _alpha_dropped(input, keep, p)
        return input * (keep.to(input.dtype) / (1 - p) if p < 1 else torch.zeros_like(input))

    def _repeated(self, input: Tensor) -> Tensor:
        # Eight times what the first activation takes leaves room for the larger ones behind it and their gradients.
        per_draw = 8 * input.numel() * input.element_size()
        self.made = max(1, min(len(self._draws), self._memory // max(per_draw, 1)))
        if input.shape[0] % self._count:
            return input
        return input.repeat(self.made, *[1] * (input.ndim - 1))

    def _mask(self, per_input: tuple[int, ...], channelwise: int, p: float, device: torch.device) -> Tensor:
        """Shape ``(draws, inputs or 1, *per_input)``, with 1 for what a channel has beyond its index."""
        shape = (*per_input[:2], *[1] * (len(per_input) - 2)) if channelwise else per_input
        name = (self._layer, tuple(self._draws[: self.made]), shape, p, device)
        if self._keys is None and name in self._cache:
            return self._cache[name]
        with torch.inference_mode(False):
            keys = torch.zeros(1, dtype=torch.int64, device=device) if self._keys is None else self._keys.clone()
            draws = torch.tensor(self._draws[: self.made], device=device)
            mask = keep_mask(keys, draws, seed=self._seed, layer=self._layer, elements=math.prod(shape), drop=p)
            mask = mask.reshape(*mask.shape[:2], *shape)
        if self._keys is None:
            self._cache[name] = mask
        return mask


def _alpha_dropped(input: Float[Tensor, "..."], keep: Tensor, p: float) -> Float[Tensor, "..."]:
    """Alpha dropout: the dropped become SELU's limit; mean and variance stay (Klambauer et al. 2017, section 3)."""
    scale = ((1 - p) * (1 + p * SELU_LIMIT**2)) ** -0.5
    return scale * (torch.where(keep, input, SELU_LIMIT) - p * SELU_LIMIT)
