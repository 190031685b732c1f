"""The inputs whose confidence moved most, kept while an audit goes by."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@final
@dataclass
class Gallery:
    """For every radius the few inputs whose confidence moved most, with their pictures.

    Attributes:
        size: how many inputs per radius.
        items: columns of equal length: sample, radius, label, clean_prediction, before, after (confidences), and the
            pictures ``original`` and ``attacked``, shape ``(n, height, width, channels)`` in [0, 1].
    """

    size: int = 6
    items: dict[str, Array] = field(default_factory=dict[str, Array])

    def add(self, items: dict[str, Array]) -> None:
        """Offer more inputs; only those that moved most are kept."""
        joined = {name: np.concatenate([self.items[name], new]) if self.items else new for name, new in items.items()}
        moved = np.abs(joined["after"] - joined["before"])
        kept: list[int] = []
        for radius in np.unique(joined["radius"]):
            rows = np.flatnonzero(joined["radius"] == radius)
            # A part that was computed twice, before and after an interruption, offers the same samples twice.
            rows = rows[np.unique(joined["sample"][rows], return_index=True)[1]]
            kept += rows[np.lexsort((joined["sample"][rows], -moved[rows]))][: self.size].tolist()
        self.items = {name: column[kept] for name, column in joined.items()}

    def write(self, file: BinaryIO) -> None:
        """Write as npz."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.items)
        file.write(buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> "Gallery":
        """What `write` wrote; an empty one where there is no such file."""
        if not path.exists():
            return cls()
        with np.load(path, allow_pickle=False) as file:
            return cls(items={name: file[name] for name in file.files})
