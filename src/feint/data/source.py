"""What a format must offer: images read in order, one at a time, flaws told rather than raised."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""One image: shape ``(height, width, channels)``, uint8 in 0 to 255 or float in [0, 1]."""


class Example(NamedTuple):
    """One image as its file has it.

    Attributes:
        sample: its index in the source.
        pixels: shape ``(height, width, channels)``, uint8 in 0 to 255 or float in [0, 1].
        label: its class index.
    """

    sample: int
    pixels: Pixels
    label: int


class Flaw(NamedTuple):
    """One image that cannot be read, or has no label; the rest of its source can be.

    Attributes:
        sample: its index in the source.
        reason: what was expected and what came.
    """

    sample: int
    reason: str


@runtime_checkable
class Source(Protocol):
    """A format's reader. It holds paths and labels, never open files, so it can be sent to another process."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, by label."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether one image costs about the same wherever it stands."""
        ...

    def __len__(self) -> int:
        """How many images it has, the flawed ones included."""
        ...

    def where(self, sample: int) -> str:
        """Words for an error message: the file of an image, and its place in there."""
        ...

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read the images from start to stop, in order, and no others.

        Raises:
            DataError: if the rest of the file cannot be read either.
        """
        ...

    def fingerprint(self) -> str:
        """A digest of the content, whatever the folder it lies in."""
        ...


def flaws_raise(on_error: str) -> bool:
    """Whether flaws that are known before any image is read should be raised at once."""
    return on_error == "raise"


def reason(error: BaseException) -> str:
    """The first line of what another library says went wrong."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def from_bytes(data: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Bytes as an array of this shape, not copied."""
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
