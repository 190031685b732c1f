"""What computes a piece, in this process or in a worker: whole or in parts, without inputs that have no numbers."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import final

from feint.errors import DataError, NotFinite
from feint.printable import printable
from feint.runs.machine import free_memory, out_of_memory
from feint.runs.run import Run
from feint.runs.work import Found, NothingRead, Piece, Stage

from .joining import joined


@final
class Computer:
    """Computes pieces; where memory runs out it halves what it computes at a time, and stays with that.

    Attributes:
        shard: inputs that are computed at a time, at most; None for whole pieces.
    """

    def __init__(self, shard: int | None = None) -> None:
        self.shard = shard

    def compute(self, stage: Stage, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What a piece comes to; empty where none of its inputs can be read.

        Raises:
            DataError: nothing of all there is can be read.
        """
        try:
            return self._found(stage, piece, earlier, scratch)
        except NothingRead as nothing:
            if len(stage.pieces) == 1:
                raise DataError(f"expected inputs that can be read, got none of {len(nothing.skipped)}") from nothing
            empty = {name: schema.empty_table() for name, schema in stage.tables.items()}
            return Found(empty, {name: {} for name in stage.arrays}, nothing.skipped)

    def _found(self, stage: Stage, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """A piece in parts of one shard each.

        Raises:
            NothingRead: none of them has an input that can be read.
        """
        if stage.cut is None or self.shard is None or piece.size <= self.shard:
            return self._whole(stage, piece, earlier, scratch)
        parts: list[Found] = []
        skipped: list[tuple[str, str]] = []
        for part in stage.cut(piece, self.shard):
            try:
                parts.append(self._found(stage, part, earlier, scratch))
            except NothingRead as nothing:
                skipped += nothing.skipped
        if not parts:
            raise NothingRead(skipped)
        whole = joined(parts)
        return replace(whole, skipped=[*whole.skipped, *skipped]) if skipped else whole

    def _whole(self, stage: Stage, piece: Piece, earlier: Run, scratch: Path) -> Found:
        try:
            return stage.compute(piece, earlier, scratch)
        except NotFinite as error:
            if not error.samples - piece.without:
                raise
            left = error.samples
        except (MemoryError, RuntimeError) as error:
            if stage.cut is None or piece.size == 1 or not out_of_memory(error):
                raise
            left = None
        # Out here, where the exception does not hold on to what was computed.
        if left is not None:
            return self._whole(stage, replace(piece, without=piece.without | left), earlier, scratch)
        free_memory()
        self.shard = -(-piece.size // 2)
        say(
            f"out of memory with {piece.size} {stage.unit} of {stage.name} {piece.name} at a time: "
            f"from here on {self.shard}"
        )
        return self._found(stage, piece, earlier, scratch)


def say(line: str) -> None:
    """Tell the user, whoever it is that runs this."""
    print(f"feint: {printable(line)}", file=sys.stderr, flush=True)
