"""A victim that is never asked twice about the same pixels while one part of the data goes by."""

from collections.abc import Mapping
from typing import Final, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.estimators import predict
from feint.keyed import scrambled
from feint.predictive import Categorical
from feint.protocols import Estimator

ROOM: Final = 128 * 2**20
"""Bytes of predictions that are kept; the oldest go first."""

Key = tuple[int, int, int]


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
        self._places: dict[Key, tuple[int, int]] = {}
        """Where an answer stands: its block, and its row there."""
        self._blocks: dict[int, Categorical] = {}
        self._count = 0

    def __call__(self, inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Categorical:
        """The prediction; rows are these inputs' positions in the part.

        A batch with a point that is not known is asked whole: batches have one size.
        """
        if torch.is_grad_enabled() and inputs.requires_grad:
            return self._estimator(inputs, self._samples[rows])
        keys = self._keys(inputs, rows)
        if all(key in self._places for key in keys):
            return self._recalled(keys)
        found = self._estimator(inputs, self._samples[rows])
        self._keep(keys, found)
        return found

    def predict(self, inputs: Float[Tensor, " N ..."]) -> Categorical:
        """The prediction for the whole part, forward only: what is not known yet is asked in full batches."""
        keys = self._keys(inputs, torch.arange(len(inputs), device=inputs.device))
        absent = [at for at, key in enumerate(keys) if key not in self._places]
        if not absent:
            return self._recalled(keys)
        rows = torch.tensor(absent, device=inputs.device)
        fresh = predict(self._estimator, inputs[rows], self._samples[rows], batch_size=self._size)
        if len(absent) < len(keys):
            gone = set(absent)
            known = [at for at in range(len(keys)) if at not in gone]
            parts = {0: (known, self._recalled([keys[at] for at in known])), 1: (absent, fresh)}
        else:
            parts = {1: (absent, fresh)}
        self._keep([keys[at] for at in absent], fresh)
        return _put_together(len(keys), parts)

    def _keys(self, inputs: Tensor, rows: Tensor) -> list[Key]:
        """The position of each input, and two digests of its pixels."""
        bits = inputs.detach().flatten(1).contiguous().view(torch.int32).long()
        places = torch.arange(bits.shape[1], device=bits.device)
        # Sums modulo 2^64 of pixels times odd numbers that look drawn.
        weights = [scrambled(places + salt) | 1 for salt in (1 << 40, 1 << 41)]
        one, other = (cast(list[int], (bits * weight).sum(dim=1).cpu().numpy().tolist()) for weight in weights)
        return list(zip(cast(list[int], rows.cpu().numpy().tolist()), one, other, strict=True))

    def _keep(self, keys: list[Key], found: Categorical) -> None:
        native = None if found.native is None else found.native.clone()
        self._blocks[self._count] = Categorical(found.log_probs.clone(), native)
        self._places |= {key: (self._count, at) for at, key in enumerate(keys)}
        self._count += 1
        sizes = {at: block.log_probs.numel() * block.log_probs.element_size() for at, block in self._blocks.items()}
        while sum(sizes.values()) > ROOM and len(sizes) > 1:
            oldest = min(sizes)
            del sizes[oldest], self._blocks[oldest]
            self._places = {key: place for key, place in self._places.items() if place[0] != oldest}

    def _recalled(self, keys: list[Key]) -> Categorical:
        """Answers from their blocks."""
        places = [self._places[key] for key in keys]
        parts: dict[int, tuple[list[int], list[int]]] = {}
        for at, (block, row) in enumerate(places):
            into, rows = parts.setdefault(block, ([], []))
            into.append(at)
            rows.append(row)
        return _put_together(
            len(keys), {block: (into, self._blocks[block][torch.tensor(rows)]) for block, (into, rows) in parts.items()}
        )


def _put_together(count: int, parts: Mapping[int, tuple[list[int], Categorical]]) -> Categorical:
    """Predictions for some of the inputs each, by their positions among all."""
    first = next(iter(parts.values()))[1]
    log_probs = first.log_probs.new_empty((first.draws, count, first.log_probs.shape[-1]))
    native = None if first.native is None else first.native.new_empty(count)
    for into, found in parts.values():
        log_probs[:, into] = found.log_probs
        if native is not None and found.native is not None:
            native[into] = found.native
    return Categorical(log_probs, native)
