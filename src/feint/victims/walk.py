"""The walk over data: a stage's pieces are parts of a few batches each, for one name after the other."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

from feint.data import Batch, Dataset
from feint.runs.work import NothingRead, Piece

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
    _held: tuple[int, Batch, list[tuple[str, str]]] | None = None
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

    def read(self, piece: Piece) -> tuple[Batch, list[tuple[str, str]]]:
        """A part's inputs, and what of it could not be read."""
        _, start, stop = piece.at
        with self._lock:
            if self._held is None or self._held[0] != start:
                cut = self.dataset.take(start, stop)
                batch = next(cut.batches(stop - start), None)
                if batch is None:
                    raise NothingRead(cut.skipped)
                self._held = start, batch, cut.skipped
            return self._held[1], self._held[2]
