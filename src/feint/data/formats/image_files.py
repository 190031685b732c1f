"""Image files with labels, whether the labels come from folders' names or from a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from feint.errors import DataError

from ..decode import BrokenImage, channels_of, decode, open_image
from ..digest import digest_of_files, digest_of_lines
from ..kinds import Classes, Images
from ..source import Example, Flaw

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


@final
@dataclass(frozen=True, eq=False)
class ImageFiles:
    """One file per image, read one by one.

    Attributes:
        folder: what the files' names are relative to.
        files: their names.
        labels: their class indices; None where missing.
        targets: class names.

    Images become RGB, unless the first one is grey: then all are expected to be.
    """

    folder: Path
    files: tuple[str, ...]
    labels: tuple[int | None, ...]
    targets: Classes
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
            label = self.labels[sample]
            if label is None:
                yield Flaw(sample, "expected a label, got none")
                continue
            try:
                pixels = decode(self._bytes(sample), self._channels)
            except BrokenImage as error:
                yield Flaw(sample, str(error))
            except DataError as error:
                raise DataError(f"{self.where(sample)}: {error}") from error
            else:
                yield Example(sample, pixels, label)

    def fingerprint(self) -> str:
        """Of the files' names, contents and labels."""
        return digest_of_lines(
            f"{name} {self._content(name)} {label}" for name, label in zip(self.files, self.labels, strict=True)
        )

    @cached_property
    def _channels(self) -> int:
        for sample in range(len(self)):
            try:
                return channels_of(open_image(self._bytes(sample)))
            except BrokenImage:
                continue
        return 3

    def _content(self, name: str) -> str:
        """Its digest; a file that cannot be read is a flaw of its own, told when the image is."""
        try:
            return digest_of_files([self.folder / name])
        except OSError:
            return "unreadable"

    def _bytes(self, sample: int) -> bytes:
        path = self.folder / self.files[sample]
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise BrokenImage("expected an image file, got no such file") from error
        except OSError as error:
            raise BrokenImage(f"expected an image file, got: {error.strerror}") from error
