"""Inputs with their targets, streamed or gathered, from whatever source."""

import copy
import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError
from feint.printable import printable

from .batch import Batch
from .decode import Channels
from .kinds import Classes, Images, Inputs, Targets, Values
from .matching import match
from .reading.preparation import Preparation
from .reading.reader import Reader
from .reading.stacking import Held, empty, stacked
from .sampling import even_sample
from .source import Example, Source

OnError = Literal["raise", "skip"]


@final
class Dataset:
    """Images of one size, or rows of one table, with their targets.

    Reading in order streams: memory does not depend on how many there are.

    Args:
        name: how the user named it.
        source: what reads the files.
        resize: pixels of the short side, or None to leave the images as they are.
        crop: pixels of the side of the centre square, or None.
        on_error: "skip" leaves out examples that cannot be read, and notes them in ``skipped``; "raise" raises.
        channels: "grey" or "rgb" for one channel or three, whatever the images have; None to leave them.
        start: index of the first example.
        stop: index after the last example; None for all.

    Raises:
        DataError: if resize or crop make no sense, or no examples are left.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        *,
        resize: int | None = None,
        crop: int | None = None,
        on_error: OnError = "raise",
        channels: Channels | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        prepare = Preparation(resize, crop, channels)
        prepare.check(name, source)
        if len(source) == 0:
            raise DataError(f"{name}: expected images, got none")
        stop = len(source) if stop is None else min(stop, len(source))
        if not 0 <= start < stop:
            raise DataError(f"{name}: expected a range within its {len(source)} images, got {start} to {stop}")
        self.name = name
        self._source = source
        self._reader = Reader(name, source, prepare, skips=on_error == "skip")
        self._samples = np.arange(start, stop)
        self._held: Held | None = None
        self._part = False
        self._fingerprint: str | None = None

    def __len__(self) -> int:
        """N, the number of examples, counting those that turn out to be unreadable."""
        return len(self._samples)

    def __repr__(self) -> str:
        inputs = "images" if self._source.inputs is Images else "rows"
        targets = "values" if isinstance(self.targets, Values) else "classes"
        return f"Dataset({self.name!r}, {inputs}={len(self)}, {targets}={len(self.targets.names)})"

    @property
    def inputs(self) -> Inputs:
        """What the inputs are; of images, reads the first one if none has been read yet."""
        declared = self._source.inputs
        return Images(*self.shape) if isinstance(declared, type) else declared

    @property
    def targets(self) -> Targets:
        """What the targets are."""
        return self._reader.targets

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, by label; numbers where the format has no names.

        Raises:
            DataError: if the targets are values.
        """
        if isinstance(self.targets, Values):
            raise DataError(f"{self.name}: expected classes, got values: {', '.join(self.targets.names)}")
        return self.targets.names

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width, the same for every image; reads the first image if none has been read yet.

        Raises:
            DataError: if the inputs are columns.
        """
        if not isinstance(self._source.inputs, type):
            raise DataError(f"{self.name}: expected images, got {len(self._source.inputs.names)} columns of a table")
        channels, height, width = self._reader.shape_of_one(self._samples)
        return channels, height, width

    @property
    def samples(self) -> NDArray[np.int64]:
        """The examples' indices in the whole source, ascending: what ``Batch.samples`` will hold."""
        return self._samples.copy()

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Examples left out so far, with on_error="skip": where each stands, and the reason; in the source's order."""
        return self._reader.skipped

    def where(self, sample: int) -> str:
        """In which file an example stands, by its index in the whole source, and its place in there."""
        return self._source.where(sample)

    def take(self, start: int, stop: int) -> "Dataset":
        """A range of the examples; sample indices stay those of the source.

        Args:
            start: position of the first, from 0.
            stop: position after the last; beyond the end means the end.

        Raises:
            DataError: if the range holds none.
        """
        if not 0 <= start < min(stop, len(self)):
            raise DataError(f"{self.name}: expected a range within its {len(self)} images, got {start} to {stop}")
        part = self._with(self._samples[start:stop])
        part._part = True
        return part

    def sample(self, limit: int, seed: int = 0) -> "Dataset":
        """So many of the examples, drawn evenly over the classes; in the source's order, with its sample indices.

        Each class gives as many, until it has no more. A larger limit contains what a smaller one has, under one seed.
        Labels decide, not inputs: all formats of ``load`` know them beforehand but some of torchvision's sets, which
        are read through once, as are sources of one's own without ``labels``. Values are drawn without regard to them.

        Args:
            limit: how many; as many as there are, or more, means all.
            seed: of the draw.

        Raises:
            DataError: if the limit is below 1, or no example has a label.
        """
        if limit < 1:
            raise DataError(f"limit: expected at least 1, got {limit}")
        if limit >= len(self):
            return self._with(self._samples)
        chosen = even_sample(self._reader.labels(self._samples), self._samples, limit, seed)
        if not len(chosen):
            raise DataError(f"{self.name}: expected images with labels, got none of {len(self)}")
        return self._with(chosen)

    def without(self, labels: Sequence[int]) -> "Dataset":
        """Those of the examples that have none of these labels, as the source numbers them.

        Args:
            labels: of the classes that are left out; numbers that no class has are an error.

        Raises:
            DataError: a label that there is not, targets that are no classes, or no examples are left.
        """
        count = len(self.classes)
        if strange := [label for label in labels if not 0 <= label < count]:
            raise DataError(f"{self.name}: expected labels from 0 to {count - 1} to leave out, got {strange[0]}")
        kept = self._samples[~np.isin(self._reader.labels(self._samples), np.asarray(labels, dtype=np.int64))]
        if not len(kept):
            raise DataError(f"{self.name}: expected images with other labels than those left out, got none")
        return self._with(kept)

    def readable(self) -> "Dataset":
        """Those of the examples that can be read: what cannot is noted in ``skipped``, of both.

        Reads through all of them once where on_error is "skip"; with "raise" there is nothing to leave out.

        Raises:
            DataError: if none can be read.
        """
        if not self._reader.skips:
            return self
        kept = [example.sample for example in self._reader.examples(self._samples)]
        if not kept:
            raise self._reader.nothing_read(len(self))
        other = self._with(np.array(kept, dtype=np.int64))
        other._reader = self._reader.with_notes()
        return other

    def matched(self, names: Sequence[str]) -> "Dataset":
        """The same with labels numbered as another list of classes does, such as a network's: matched by name.

        Where one of the lists is plain numbers (``"0"``, ``"1"``, ...), that is where no names are known, classes are
        matched by position. Classes without an example here need not be in the list.

        Args:
            names: of the classes, by their new label.

        Raises:
            DataError: if an example's class is not in the list, or the targets are not classes.
        """
        if not isinstance(self._source.targets, Classes):
            raise DataError(f"{self.name}: expected classes to match, got other targets")
        names = tuple(map(printable, names))
        own = tuple(map(printable, self._source.targets.names))
        found = match(own, names, self._reader.occurring(self._samples), self.name)
        other = self._with(self._samples)
        other._fingerprint = None
        other._reader = self._reader.renumbered(names, None if np.array_equal(found, np.arange(len(own))) else found)
        return other

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Stream the examples in order.

        Ranges that are read one after the other cost what reading all at once does: a compressed source stays open at
        the place where the last range ended.

        Args:
            batch_size: examples per batch; the last batch may have fewer.

        Yields:
            Inputs with targets and sample indices; with on_error="skip", nothing of a range (``take``) in which nothing
            is readable.

        Raises:
            DataError: if one cannot be read, differs in size from the first, or has a label outside the classes; or if
                none at all can be read and this is no range of another.
        """
        if batch_size < 1:
            raise DataError(f"batch_size: expected at least 1, got {batch_size}")
        waiting: list[Example] = []
        read = 0
        for example in self._reader.examples(self._samples):
            waiting.append(example)
            if len(waiting) == batch_size:
                yield self._batch(waiting)
                read, waiting = read + batch_size, []
        if waiting:
            yield self._batch(waiting)
        elif read == 0 and not self._part:
            raise self._reader.nothing_read(len(self))

    def gather(self, positions: Sequence[int]) -> Batch:
        """Examples at any positions, in the order asked for, again and again.

        A compressed source is decoded once and then held in memory, as the bytes that its pixels are: see ``only``.

        Args:
            positions: from 0 to N - 1; may repeat. With on_error="skip", those that cannot be read are left out.

        Raises:
            DataError: as ``batches``, or if a position lies outside.
        """
        if self._source.seekable:
            return self.only(positions)
        self._check(positions)
        if self._held is None:
            self._held = Held.of(self._reader.examples(self._samples), len(self), self.targets)
        if self._held is None:
            raise self._reader.nothing_read(len(self))
        return self._held.batch(self._samples[np.asarray(positions, dtype=np.int64)])

    def only(self, positions: Sequence[int]) -> Batch:
        """A few examples at any positions, in the order asked for.

        A compressed source is read through once, up to the last of them, and nothing but these is held in memory.

        Args:
            positions: from 0 to N - 1; may repeat. With on_error="skip", those that cannot be read are left out.

        Raises:
            DataError: as ``batches``, or if a position lies outside.
        """
        self._check(positions)
        wanted = self._samples[np.asarray(positions, dtype=np.int64)].tolist()
        found = {
            example.sample: example for example in self._reader.examples(np.unique(np.array(wanted, dtype=np.int64)))
        }
        return self._batch([found[sample] for sample in wanted if sample in found])

    def fingerprint(self) -> str:
        """Identify the data: SHA-256 in hex over content and how it is prepared, but not over paths or the range taken.

        Prepared: resize, crop, channels, and how labels are numbered. Content is every byte of the files, and the names
        in a folder of images. Exceptions: a file beyond 256 MiB gives 64 pieces of one MiB and the time of its last
        change; a torchvision set that is not one array, a sample.
        """
        if self._fingerprint is None:
            text = f"{self._reader.content()} {self._reader.prepared}"
            self._fingerprint = hashlib.sha256(text.encode()).hexdigest()
        return self._fingerprint

    def overlaps(self, other: "Dataset") -> bool:
        """Whether an example is in both: the same content, and samples in common; resize and crop do not matter.

        Raises:
            DataError: if the files cannot be read.
        """
        apart = not len(np.intersect1d(self._samples, other._samples))
        return not apart and self._reader.content() == other._reader.content()

    def _with(self, samples: NDArray[np.int64]) -> "Dataset":
        """The same of other samples; nothing skipped or held yet."""
        other = copy.copy(self)
        other._samples, other._reader, other._held = samples, self._reader.afresh(), None
        return other

    def _check(self, positions: Sequence[int]) -> None:
        for position in positions:
            if not 0 <= position < len(self):
                raise DataError(f"{self.name}: expected positions from 0 to {len(self) - 1}, got {position}")

    def _batch(self, examples: Sequence[Example]) -> Batch:
        return stacked(examples) if examples else empty(self._reader.shape_of_one(self._samples), self.targets)
