"""A single picture as a data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from feint.data import Classes, Dataset, Example, Images
from feint.data.decode import BrokenImage, channels_of, open_image, pixels_of
from feint.data.digest import digest_of_files
from feint.errors import DataError

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
UNKNOWN = Classes(("unknown",))


@final
@dataclass(frozen=True)
class OnePicture:
    """One image file, whose label nobody has told."""

    path: Path
    targets: Classes = UNKNOWN
    inputs: type[Images] = Images
    seekable: bool = True

    def __len__(self) -> int:
        return 1

    def where(self, sample: int) -> str:
        """The file."""
        return str(self.path)

    def read(self, start: int, stop: int) -> Iterator[Example]:
        """The picture, if it is asked for.

        Raises:
            DataError: it cannot be read.
        """
        for sample in range(start, stop):
            try:
                image = open_image(self.path.read_bytes())
                yield Example(sample, pixels_of(image, channels_of(image)), 0)
            except (OSError, BrokenImage) as error:
                raise DataError(f"{self.path}: expected a picture, got: {error}") from error

    def fingerprint(self) -> str:
        """Of the file."""
        return digest_of_files([self.path])


def is_picture(source: str) -> bool:
    """Whether a source names a single picture."""
    path = Path(source).expanduser()
    return path.suffix.lower() in PICTURES and path.is_file()


def open_picture(source: str, *, resize: int | None, crop: int | None) -> Dataset:
    """A data set of one picture; its label is 0 and means nothing."""
    return Dataset(source, OnePicture(Path(source).expanduser()), resize=resize, crop=crop)
