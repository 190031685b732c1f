"""A victim that is never asked twice about the same pixels while one part of the data goes by."""

from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.estimators import predict
from feint.keyed import scrambled
from feint.predictive import Categorical, concatenate
from feint.protocols import Estimator

ROOM: Final = 128 * 2**20
"""Bytes of predictions that are kept; the oldest go first."""


class Memo:
    """An estimator as one attack and its judge ask it: where pixels are equal to the bit, the answer is known.

    What an attack evaluated at the point that it returns is what the judge would evaluate again, and rounding a small
    change to 8 bits often gives the original back. Points are told apart by 128 bits of their pixels. Passes with a
    gradient go straight through. Predictions are those of batches of one size, whoever asked first.

    Args:
        estimator: what predicts, with the same draws every time.
        samples: sample indices of the part, by position.
        batch_size: inputs per call.
    """

    def __init__(self, estimator: Estimator, samples: Int[Tensor, " N"], batch_size: int) -> None:
        self._estimator = estimator
        self._samples = samples
        self._size = batch_size
        self._known: dict[tuple[int, int, int], Categorical] = {}
        self._bytes = 0

    def __call__(self, inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Categorical:
        """The prediction; rows are these inputs' positions in the part.

        A batch with a point that is not known is asked whole: batches have one size.
        """
        if torch.is_grad_enabled() and inputs.requires_grad:
            return self._estimator(inputs, self._samples[rows])
        keys = self._keys(inputs, rows)
        if all(key in self._known for key in keys):
            return concatenate([self._known[key] for key in keys])
        found = self._estimator(inputs, self._samples[rows])
        self._keep(keys, found)
        return found

    def predict(self, inputs: Float[Tensor, " N ..."]) -> Categorical:
        """The prediction for the whole part, forward only: what is not known yet is asked in full batches."""
        rows = torch.arange(len(inputs), device=inputs.device)
        keys = self._keys(inputs, rows)
        absent = torch.tensor([at for at, key in enumerate(keys) if key not in self._known], device=inputs.device)
        if len(absent):
            found = predict(self._estimator, inputs[absent], self._samples[absent], batch_size=self._size)
            if len(absent) == len(keys):
                self._keep(keys, found)
                return found
            fresh = {keys[at]: found[index : index + 1] for index, at in enumerate(absent.tolist())}
            joined = concatenate([fresh[key] if key in fresh else self._known[key] for key in keys])
            self._keep([keys[at] for at in absent.tolist()], found)
            return joined
        return concatenate([self._known[key] for key in keys])

    def _keys(self, inputs: Tensor, rows: Tensor) -> list[tuple[int, int, int]]:
        """The position of each input, and two digests of its pixels."""
        bits = inputs.detach().flatten(1).contiguous().view(torch.int32).long()
        places = torch.arange(bits.shape[1], device=bits.device)
        # Sums modulo 2^64 of pixels times odd numbers that look drawn.
        digests = [(bits * (scrambled(places + salt) | 1)).sum(dim=1).tolist() for salt in (1 << 40, 1 << 41)]
        return list(zip(rows.tolist(), *digests, strict=True))

    def _keep(self, keys: list[tuple[int, int, int]], found: Categorical) -> None:
        for at, key in enumerate(keys):
            if key not in self._known:
                one = found[at : at + 1]
                self._known[key] = Categorical(
                    one.log_probs.clone(), None if one.native is None else one.native.clone()
                )
                self._bytes += one.log_probs.numel() * one.log_probs.element_size()
        while self._bytes > ROOM and len(self._known) > 1:
            first = next(iter(self._known))
            gone = self._known.pop(first).log_probs
            self._bytes -= gone.numel() * gone.element_size()
