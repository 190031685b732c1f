"""Labelled images, streamed or gathered, from whatever source."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray

from feint.errors import DataError

from .batch import Batch
from .decode import BrokenImage, checked_range, cropped, resized
from .source import Example, Flaw, Pixels, Source

OnError = Literal["raise", "skip"]


class _Held(NamedTuple):
    """A decoded range: pixels and labels, and for each position its row, -1 where it was skipped."""

    pixels: Pixels
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]


@final
class Dataset:
    """Labelled images of one size.

    Reading in order streams: memory does not depend on how many images there are.

    Args:
        name: how the user named it.
        source: what reads the files.
        resize: pixels of the short side, or None to leave the images as they are.
        crop: pixels of the side of the centre square, or None.
        on_error: "skip" leaves out images that cannot be read, and notes them in ``skipped``; "raise" raises.
        start: index of the first image.
        stop: index after the last image; None for all.

    Raises:
        DataError: if resize or crop make no sense, or no images are left.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        *,
        resize: int | None = None,
        crop: int | None = None,
        on_error: OnError = "raise",
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        for option, value in (("resize", resize), ("crop", crop)):
            if value is not None and value < 1:
                raise DataError(f"{option}: expected at least 1 pixel, got {value}")
        if resize is not None and crop is not None and crop > resize:
            raise DataError(f"expected crop to be at most resize, got crop={crop}, resize={resize}")
        if len(source) == 0:
            raise DataError(f"{name}: expected images, got none")
        stop = len(source) if stop is None else min(stop, len(source))
        if not 0 <= start < stop:
            raise DataError(f"{name}: expected a range within its {len(source)} images, got {start} to {stop}")
        self.name = name
        self._source = source
        self._resize, self._crop = resize, crop
        self._on_error: OnError = on_error
        self._start, self._stop = start, stop
        self._shape: tuple[int, int, int] | None = None
        self._skipped: dict[int, tuple[str, str]] = {}
        self._held: _Held | None = None
        self._fingerprint: str | None = None

    def __len__(self) -> int:
        """N, the number of images, counting those that turn out to be unreadable."""
        return self._stop - self._start

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, images={len(self)}, classes={len(self.classes)})"

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, by label; numbers where the format has no names."""
        return self._source.classes

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width, the same for every image; reads the first image if none has been read yet."""
        if self._shape is None:
            next(self._examples(self._start, self._stop), None)
        if self._shape is None:
            raise self._nothing_read()
        return self._shape

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Images left out so far, with on_error="skip": where each stands, and the reason; in the source's order."""
        return [self._skipped[sample] for sample in sorted(self._skipped)]

    def take(self, start: int, stop: int) -> "Dataset":
        """A range of the images; sample indices stay those of the source.

        Args:
            start: position of the first image, from 0.
            stop: position after the last image; beyond the end means the end.

        Raises:
            DataError: if the range holds no images.
        """
        if not 0 <= start < min(stop, len(self)):
            raise DataError(f"{self.name}: expected a range within its {len(self)} images, got {start} to {stop}")
        return Dataset(
            self.name,
            self._source,
            resize=self._resize,
            crop=self._crop,
            on_error=self._on_error,
            start=self._start + start,
            stop=min(self._start + stop, self._stop),
        )

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Stream the images in order.

        Args:
            batch_size: images per batch; the last batch may have fewer.

        Yields:
            Images in [0, 1] with labels and sample indices.

        Raises:
            DataError: if an image cannot be read, differs in size from the first, or has a label outside the classes.
        """
        if batch_size < 1:
            raise DataError(f"batch_size: expected at least 1, got {batch_size}")
        waiting: list[Example] = []
        read = 0
        for example in self._examples(self._start, self._stop):
            waiting.append(example)
            if len(waiting) == batch_size:
                yield self._batch(waiting)
                read, waiting = read + batch_size, []
        if waiting:
            yield self._batch(waiting)
        elif read == 0:
            raise self._nothing_read()

    def gather(self, positions: Sequence[int]) -> Batch:
        """Images at any positions, in the order asked for.

        A compressed source is decoded once and then held in memory, as the bytes that its pixels are.

        Args:
            positions: from 0 to N - 1; may repeat. With on_error="skip", those that cannot be read are left out.

        Raises:
            DataError: as ``batches``, or if a position lies outside.
        """
        for position in positions:
            if not 0 <= position < len(self):
                raise DataError(f"{self.name}: expected positions from 0 to {len(self) - 1}, got {position}")
        if not self._source.seekable:
            return self._gather_held(np.asarray(positions, dtype=np.int64))
        examples: list[Example] = []
        for position in positions:
            sample = self._start + int(position)
            examples.extend(self._examples(sample, sample + 1))
        return self._batch(examples)

    def fingerprint(self) -> str:
        """Identify the data: SHA-256 in hex over content, resize and crop, but not over paths or the range taken.

        Content is every byte of the files, and the names in a folder of images. Exceptions: a file beyond 256 MiB gives
        64 pieces of one MiB and the time of its last change; a torchvision set that is not one array, a sample.
        """
        if self._fingerprint is None:
            text = f"{self._source.fingerprint()} resize={self._resize} crop={self._crop}"
            self._fingerprint = hashlib.sha256(text.encode()).hexdigest()
        return self._fingerprint

    def overlaps(self, other: "Dataset") -> bool:
        """Whether an image is in both: the same content, and ranges that overlap; resize and crop do not matter.

        Raises:
            DataError: if the files cannot be read.
        """
        apart = max(self._start, other._start) >= min(self._stop, other._stop)
        return not apart and self._source.fingerprint() == other._source.fingerprint()

    def _examples(self, start: int, stop: int) -> Iterator[Example]:
        """Read, resize, crop and check; note or raise what is flawed."""
        classes = len(self.classes)
        fits = self._resize is None and self._crop is None
        for item in self._source.read(start, stop):
            if isinstance(item, Flaw):
                self._skip(item)
                continue
            pixels = item.pixels
            if not fits or pixels.dtype != np.uint8:
                try:
                    pixels = self._fitted(pixels)
                except BrokenImage as error:
                    self._skip(Flaw(item.sample, str(error)))
                    continue
                except DataError as error:
                    raise DataError(f"{self._source.where(item.sample)}: {error}") from error
            if not 0 <= item.label < classes:
                where = self._source.where(item.sample)
                raise DataError(f"{where}: expected a label from 0 to {classes - 1}, got {item.label}")
            height, width, channels = pixels.shape
            if self._shape != (channels, height, width):
                self._set_shape(item.sample, (channels, height, width))
            yield Example(item.sample, pixels, item.label)

    def _fitted(self, pixels: Pixels) -> Pixels:
        pixels = checked_range(pixels)
        if self._resize is not None:
            pixels = resized(pixels, self._resize)
        return pixels if self._crop is None else cropped(pixels, self._crop)

    def _set_shape(self, sample: int, shape: tuple[int, int, int]) -> None:
        if self._shape is not None:
            expected, came = ("x".join(map(str, sizes)) for sizes in (self._shape, shape))
            raise DataError(
                f"{self._source.where(sample)}: expected {expected} (channels x height x width) like the first image,"
                f" got {came}; give resize and crop to bring all images to one size"
            )
        self._shape = shape

    def _skip(self, flaw: Flaw) -> None:
        where = self._source.where(flaw.sample)
        if self._on_error == "raise":
            raise DataError(f"{where}: {flaw.reason}")
        self._skipped[flaw.sample] = (where, flaw.reason)

    def _nothing_read(self) -> DataError:
        where, why = self.skipped[0] if self._skipped else (self.name, "no images")
        return DataError(f"{self.name}: expected at least one readable image of {len(self)}, got none; {where}: {why}")

    def _batch(self, examples: Sequence[Example]) -> Batch:
        if not examples:
            pixels = np.empty((0, *self.shape[1:], self.shape[0]), dtype=np.uint8)
        else:
            pixels = np.stack([example.pixels for example in examples])
        return _to_batch(
            pixels,
            np.array([example.label for example in examples], dtype=np.int64),
            np.array([example.sample for example in examples], dtype=np.int64),
        )

    def _gather_held(self, positions: NDArray[np.int64]) -> Batch:
        if self._held is None:
            self._held = self._hold()
        rows = self._held.rows[positions]
        positions, rows = positions[rows >= 0], rows[rows >= 0]
        return _to_batch(self._held.pixels[rows], self._held.labels[rows], positions + self._start)

    def _hold(self) -> _Held:
        pixels: Pixels | None = None
        labels = np.zeros(len(self), dtype=np.int64)
        rows = np.full(len(self), -1, dtype=np.int64)
        for count, example in enumerate(self._examples(self._start, self._stop)):
            if pixels is None:
                pixels = np.empty((len(self), *example.pixels.shape), dtype=example.pixels.dtype)
            pixels[count], labels[count], rows[example.sample - self._start] = example.pixels, example.label, count
        if pixels is None:
            raise self._nothing_read()
        return _Held(pixels, labels, rows)


def _to_batch(pixels: Pixels, labels: NDArray[np.int64], samples: NDArray[np.int64]) -> Batch:
    images = torch.as_tensor(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    images = images.float().div_(255) if images.dtype == torch.uint8 else images
    return Batch(images, torch.as_tensor(labels), torch.as_tensor(samples))
