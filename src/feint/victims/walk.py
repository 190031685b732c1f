"""The walk over data: a stage's pieces are parts of a few batches each, for one name after the other."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast, final

import torch

from feint.data import Batch, Dataset
from feint.runs.work import NAN, NothingRead, Piece

BATCHES_PER_PART = 4
"""Inputs still in play are pooled from so many batches; a part is also what an interruption can lose."""


@final
@dataclass(eq=False)
class Walk:
    """Data in parts, read once from front to back.

    Attributes:
        dataset: the data.
        batch_size: inputs per call of a network.
        names: how many go over all data, such as victims: part after part, and each part for all of them, so that it is
            read once.
        batches: of a part.
    """

    dataset: Dataset
    batch_size: int
    names: int = 1
    batches: int = BATCHES_PER_PART
    _held: tuple[tuple[int, int], Batch, list[tuple[str, str]]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pieces(self) -> Sequence[Piece]:
        """Part after part, for each name; ``at`` is the name's position, and where the part begins and ends."""
        step, count = self.batches * self.batch_size, len(self.dataset)
        return [
            Piece(f"{index:05d}-{which}" if self.names > 1 else f"{index:05d}", stop - start, (which, start, stop))
            for index, start in enumerate(range(0, count, step))
            for stop in [min(start + step, count)]
            for which in range(self.names)
        ]

    def cut(self, piece: Piece, size: int) -> Sequence[Piece]:
        """A piece as parts of at most so many inputs."""
        *before, start, stop = piece.at
        places = [(each, min(each + size, stop)) for each in range(start, stop, size)]
        return [replace(piece, size=end - begin, at=(*before, begin, end)) for begin, end in places]

    def read(self, piece: Piece) -> tuple[Batch, list[tuple[str, str]]]:
        """A part's inputs, but for those that it is without, and where those stand, and what could not be read."""
        _, start, stop = piece.at
        with self._lock:
            if self._held is None or self._held[0] != (start, stop):
                cut = self.dataset.take(start, stop)
                batch = next(cut.batches(stop - start), None)
                if batch is None:
                    raise NothingRead(cut.skipped)
                self._held = (start, stop), batch, cut.skipped
            batch, skipped = self._held[1:]
        if not piece.without:
            return batch, skipped
        samples = cast(list[int], batch.samples.tolist())  # pyright: ignore[reportUnknownMemberType]
        kept = [at for at, each in enumerate(samples) if each not in piece.without]
        skipped = [*skipped, *((self.dataset.where(each), NAN) for each in samples if each in piece.without)]
        if not kept:
            raise NothingRead(skipped)
        rows = torch.tensor(kept)
        return Batch(batch.inputs[rows], batch.targets[rows], batch.samples[rows]), skipped
