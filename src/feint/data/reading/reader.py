"""Examples of a source, prepared and checked: what cannot be read is noted, or raised."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from feint.data.decode import BrokenImage
from feint.data.kinds import Classes, Images, Targets, Values
from feint.data.source import Example, Flaw, Labelled, Source, reason
from feint.errors import DataError
from feint.printable import printable

from .preparation import Preparation
from .stacking import finite


@final
class Reader:
    """Reads examples at ascending indices of a source.

    Args:
        name: how the user named the data.
        source: what reads the files.
        prepare: what is done to images.
        skips: whether examples that cannot be read are left out and noted in ``skipped``; else they raise.
    """

    def __init__(self, name: str, source: Source, prepare: Preparation, *, skips: bool) -> None:
        self.skips = skips
        self.targets = _named(source.targets)
        self._name, self._source, self._prepare = name, source, prepare
        self._renumbered: NDArray[np.int64] | None = None
        self._shape: tuple[int, ...] | None = None
        self._skipped: dict[int, tuple[str, str]] = {}

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Examples left out so far: where each stands, and the reason; in the source's order."""
        return [self._skipped[sample] for sample in sorted(self._skipped)]

    @property
    def prepared(self) -> str:
        """What is done to inputs and labels, for a fingerprint."""
        labels = "" if self._renumbered is None else f" labels={self._renumbered.tolist()}"
        return f"{self._prepare}{labels}"

    def afresh(self) -> "Reader":
        """The same with nothing noted yet."""
        other = copy.copy(self)
        other._skipped = {}
        return other

    def with_notes(self) -> "Reader":
        """The same with what is noted so far."""
        other = copy.copy(self)
        other._skipped = dict(self._skipped)
        return other

    def renumbered(self, names: tuple[str, ...], labels: NDArray[np.int64] | None) -> "Reader":
        """The same with other classes, nothing noted yet.

        Args:
            names: of the classes.
            labels: theirs, of each of the source's; None where they are the same.
        """
        other = self.afresh()
        other.targets, other._renumbered = Classes(names), labels
        return other

    def content(self) -> str:
        """The source's fingerprint.

        Raises:
            DataError: the files cannot be read.
        """
        try:
            return self._source.fingerprint()
        except OSError as error:
            raise self._gone(error) from error

    def examples(self, samples: NDArray[np.int64]) -> Iterator[Example]:
        """Read, resize, crop and check what stands at ascending indices; note or raise what is flawed."""
        read = self._prepare if self._source.inputs is Images else finite
        for item in self._items(samples):
            if isinstance(item, Flaw):
                self._skip(item)
                continue
            try:
                example = Example(item.sample, read(item.input), self._target(item.target))
            except BrokenImage as error:
                self._skip(Flaw(item.sample, str(error)))
                continue
            except DataError as error:
                raise DataError(f"{self._where(item.sample)}: {error}") from error
            self._check_shape(item.sample, example.input.shape)
            yield example

    def shape_of_one(self, samples: NDArray[np.int64]) -> tuple[int, ...]:
        """The shape of all examples; reads the first that can be read, if none has been read yet.

        Raises:
            DataError: none can.
        """
        if self._shape is None:
            next(self.examples(samples), None)
        if self._shape is None:
            raise self.nothing_read(len(samples))
        return self._shape

    def labels(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """The source's numbers of the classes, -1 where one is missing; of values, all 0."""
        if not isinstance(self._source.targets, Classes):
            return np.zeros(len(samples), dtype=np.int64)
        if (known := self._known(samples)) is not None:
            return known
        labels = np.full(len(samples), -1, dtype=np.int64)
        for item in self._items(samples):
            if isinstance(item, Example):
                labels[np.searchsorted(samples, item.sample)] = item.target
        return labels

    def occurring(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """The classes that have an example; all, where only reading would tell."""
        assert isinstance(self._source.targets, Classes)
        known = self._known(samples)
        return np.arange(len(self._source.targets.names)) if known is None else np.unique(known[known >= 0])

    def nothing_read(self, count: int) -> DataError:
        """The error that none of so many examples can be read, with the first reason."""
        where, why = self.skipped[0] if self._skipped else (self._name, "no images")
        return DataError(f"{self._name}: expected at least one readable image of {count}, got none; {where}: {why}")

    def _known(self, samples: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Labels that the source knows without reading."""
        labels = self._source.labels if isinstance(self._source, Labelled) else None
        return None if labels is None else labels[samples]

    def _items(self, samples: NDArray[np.int64]) -> Iterator[Example | Flaw]:
        """What the source has at ascending indices, read in as few ranges as there are."""
        ends = np.append(np.flatnonzero(np.diff(samples) != 1) + 1, len(samples))
        begin = 0
        try:
            for end in ends.tolist():
                if begin < end:
                    yield from self._source.read(int(samples[begin]), int(samples[end - 1]) + 1)
                begin = end
        except DataError as error:
            if (message := printable(str(error))) == str(error):
                raise
            raise DataError(message) from error
        except OSError as error:
            raise self._gone(error) from error

    def _target(self, target: int | NDArray[Any]) -> int | NDArray[Any]:
        if isinstance(self._source.targets, Classes):
            names = self._source.targets.names
            if not 0 <= int(target) < len(names):
                raise DataError(f"expected a label from 0 to {len(names) - 1}, got {target}")
            if self._renumbered is None:
                return int(target)
            if self._renumbered[int(target)] < 0:
                raise DataError(f"expected a class among those matched, got {names[int(target)]!r}")
            return int(self._renumbered[int(target)])
        return finite(np.asarray(target)) if isinstance(self.targets, Values) else np.asarray(target, dtype=np.int64)

    def _check_shape(self, sample: int, shape: tuple[int, ...]) -> None:
        shape = shape[-1:] + shape[:-1]
        if self._shape is not None and self._shape != shape:
            expected, came = ("x".join(map(str, sizes)) for sizes in (self._shape, shape))
            raise DataError(
                f"{self._where(sample)}: expected {expected} (channels x height x width) like the first image,"
                f" got {came}; give resize and crop to bring all images to one size"
            )
        self._shape = shape

    def _skip(self, flaw: Flaw) -> None:
        where, reason = self._where(flaw.sample), printable(flaw.reason)
        if not self.skips:
            raise DataError(f"{where}: {reason}")
        self._skipped[flaw.sample] = (where, reason)

    def _where(self, sample: int) -> str:
        return printable(self._source.where(sample))

    def _gone(self, error: OSError) -> DataError:
        return DataError(printable(f"{self._name}: expected files that can be read, got: {reason(error)}"))


def _named(targets: Targets) -> Targets:
    """The same with names that can be printed."""
    if isinstance(targets, Values):
        return targets
    return replace(targets, names=tuple(map(printable, targets.names)))
