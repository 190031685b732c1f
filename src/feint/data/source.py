"""What a format must offer: examples read in order, one at a time, flaws told rather than raised."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from feint.printable import printable

from .kinds import Columns, Images, Targets

Pixels = NDArray[Any]
"""One image: shape ``(height, width, channels)``, uint8 in 0 to 255 or float in [0, 1]."""


class Example(NamedTuple):
    """One input as its file has it, with its target.

    Attributes:
        sample: its index in the source.
        input: an image, shape ``(height, width, channels)``, uint8 in 0 to 255 or float in [0, 1]; or a row of
            standardised columns, shape ``(D,)``.
        target: the index of its class; or a mask of such indices, shape ``(height, width)``; or values, shape ``(D,)``.
    """

    sample: int
    input: Pixels
    target: int | NDArray[Any]


class Flaw(NamedTuple):
    """One example that cannot be read, or has no target; the rest of its source can be.

    Attributes:
        sample: its index in the source.
        reason: what was expected and what came.
    """

    sample: int
    reason: str


@runtime_checkable
class Source(Protocol):
    """A format's reader. It can be sent to another process: it holds no open files but as ``Places``."""

    @property
    def inputs(self) -> type[Images] | Columns:
        """What inputs are: columns; or the type ``Images``, whose size the first one tells."""
        ...

    @property
    def targets(self) -> Targets:
        """What targets are."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether one example costs about the same wherever it stands."""
        ...

    def __len__(self) -> int:
        """How many examples it has, the flawed ones included."""
        ...

    def where(self, sample: int) -> str:
        """Words for an error message: the file of an example, and its place in there."""
        ...

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read the examples from start to stop, in order, and no others.

        Where the next read begins at stop, it should not cost more than this one.

        Raises:
            DataError: if the rest of the file cannot be read either.
        """
        ...

    def fingerprint(self) -> str:
        """A digest of the content, whatever the folder it lies in."""
        ...


@runtime_checkable
class Labelled(Protocol):
    """A source that knows the class of every example before reading any."""

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """Indices of classes, -1 where one is missing; None where only reading tells."""
        ...


def placed(what: str, sample: int, paths: Sequence[Path], counts: Sequence[int]) -> str:
    """Words for an example of files that come one after the other.

    >>> placed("row", 5, [Path("a"), Path("b")], [4, 3])
    'b: row 1'
    """
    for path, count in zip(paths, counts, strict=True):
        if sample < count:
            return f"{path}: {what} {sample}"
        sample -= count
    raise IndexError(sample)


def flaws_raise(on_error: str) -> bool:
    """Whether flaws that are known before any image is read should be raised at once."""
    return on_error == "raise"


def reason(error: BaseException) -> str:
    """The first line of what another library says went wrong."""
    lines = str(error).strip().splitlines()
    return printable(lines[0]) if lines else type(error).__name__


def from_bytes(data: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Bytes as an array of this shape, not copied."""
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
