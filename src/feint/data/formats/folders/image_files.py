"""Image files with labels, whether the labels come from folders' names or from a table."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ...decode import BrokenImage, Channels, channels_by_name, channels_of, decode, most_common, open_image
from ...digest import digest_of_files, digest_of_lines
from ...kinds import Classes, Images
from ...source import Example, Flaw

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".pnm", ".jp2", ".tga", ".avif", ".heic", ".heif"),
)
"""Of pictures, also of those that cannot be read here: to leave them out without a word would be worse."""
MOST_BYTES = 1 << 28


@final
@dataclass(frozen=True, eq=False)
class ImageFiles:
    """One file per image, read one by one.

    Attributes:
        folder: what the files' names are relative to.
        files: their names.
        labels: their class indices; -1 where missing.
        targets: class names.
        channels: what images become; None for grey if most of the first ones are (then all should be), else RGB.
    """

    folder: Path
    files: tuple[str, ...]
    labels: NDArray[np.int64]
    targets: Classes
    channels: Channels | None = None
    inputs: type[Images] = Images
    seekable: bool = True

    def __len__(self) -> int:
        return len(self.files)

    def where(self, sample: int) -> str:
        """The file."""
        return str(self.folder / self.files[sample])

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range, file by file."""
        for sample in range(start, stop):
            label = int(self.labels[sample])
            if label < 0:
                yield Flaw(sample, "expected a label, got none")
                continue
            try:
                pixels = decode(self._bytes(sample), self._channels, convert=self.channels is not None)
            except BrokenImage as error:
                yield Flaw(sample, str(error))
            except DataError as error:
                raise DataError(f"{self.where(sample)}: {error}") from error
            else:
                yield Example(sample, pixels, label)

    def fingerprint(self) -> str:
        """Of the files' names, contents and labels."""
        return digest_of_lines(
            f"{name} {self._content(name)} {label if label >= 0 else None}"
            for name, label in zip(self.files, self.labels.tolist(), strict=True)
        )

    @cached_property
    def _channels(self) -> int:
        return channels_by_name(self.channels) or most_common(self._looks())

    def _looks(self) -> Iterator[int]:
        for sample in range(len(self)):
            try:
                yield channels_of(open_image(self._bytes(sample)))
            except BrokenImage:
                continue

    def _content(self, name: str) -> str:
        """Its digest; a file that cannot be read is a flaw of its own, told when the image is."""
        try:
            return digest_of_files([self.folder / name])
        except (OSError, ValueError):  # of a name that no file can have
            return "unreadable"

    def _bytes(self, sample: int) -> bytes:
        path = self.folder / self.files[sample]
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # which might never end
                raise BrokenImage("expected an image file, got no regular file")
            if status.st_size > MOST_BYTES:
                raise BrokenImage(f"expected an image file of at most {MOST_BYTES} bytes, got {status.st_size}")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise BrokenImage("expected an image file, got no such file") from error
        except ValueError as error:
            raise BrokenImage("expected an image file, got a name that no file can have") from error
        except OSError as error:
            raise BrokenImage(f"expected an image file, got: {error.strerror}") from error
