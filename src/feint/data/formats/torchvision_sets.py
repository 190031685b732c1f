"""Torchvision's classification data sets by name, downloaded and verified by torchvision itself."""

import inspect
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..decode import BrokenImage, Channels, channels_by_name, channels_of, most_common, pixels_of
from ..digest import digest_of_array, digest_of_lines
from ..kinds import Classes, Images
from ..source import Example, Flaw, reason
from ..splits import check_split

PREFIX = "torchvision:"
LOOKS = 256
LABELS = ("targets", "labels", "_labels")
Name = str | tuple[str, ...]


def cache_root() -> Path:
    """Where downloads go: FEINT_CACHE, or ~/.cache/feint."""
    return Path(os.environ.get("FEINT_CACHE") or "~/.cache/feint").expanduser()


@final
@dataclass(frozen=True, eq=False)
class TorchvisionSet:
    """One split of a data set that torchvision reads."""

    name: str
    split: str
    images: Any
    targets: Classes
    channels: Channels | None = None
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def open(cls, name: str, split: str, channels: Channels | None = None) -> "TorchvisionSet":
        """Open a data set, downloading it on first use.

        Args:
            name: its class in ``torchvision.datasets``.
            split: handed on as ``split=``, or as ``train=`` where that is what the class takes; of no
                effect where it takes neither.
            channels: as of ``ImageFiles``.

        Raises:
            DataError: if there is no such data set or split, or it cannot be downloaded or read.
        """
        build: Callable[..., Any] | None = _public(name)
        parameters = set(inspect.signature(build).parameters) if build is not None else set[str]()
        if build is None or "root" not in parameters or not {"split", "train", "download"} & parameters:
            raise DataError(f"expected the name of a data set in torchvision.datasets, got {name!r}")
        options: dict[str, Any] = {"download": True} if "download" in parameters else {}
        if "split" in parameters:
            options["split"] = split
        elif "train" in parameters:
            check_split(f"{PREFIX}{name}", split)
            options["train"] = split == "train"
        else:
            split = "all"
        try:
            root = cache_root()
            root.mkdir(parents=True, exist_ok=True)
            images = build(root=str(root), **options)
            classes = _classes(images)
        except Exception as error:  # downloads, archives and arguments fail in every way there is
            raise DataError(f"{PREFIX}{name}: expected split {split!r} of it, got: {reason(error)}") from error
        return cls(name, split, images, Classes(classes), channels)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """What torchvision has read of them already, or None."""
        for name in LABELS:
            found: Any = getattr(self.images, name, None)
            if found is not None and len(found) == len(self):
                labels = [_as_integer(label) for label in found]
                return np.array([-1 if label is None else label for label in labels], dtype=np.int64)
        return None

    def where(self, sample: int) -> str:
        """Which image."""
        return f"{PREFIX}{self.name}/{self.split}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range, one by one."""
        for sample in range(start, stop):
            try:
                image, label = self._item(sample)
                pixels = pixels_of(image, self._channels, convert=self.channels is not None)
            except BrokenImage as error:
                yield Flaw(sample, str(error))
            except DataError as error:
                raise DataError(f"{self.where(sample)}: {error}") from error
            else:
                yield Example(sample, pixels, label)

    def fingerprint(self) -> str:
        """Of the name, the split, the size, the labels, and the images.

        All images where the data set holds them in one array, as MNIST, CIFAR, SVHN and STL-10 do; else an even sample
        of them, at least 256 where there are as many: torchvision has verified the archive that they come from.
        """
        named = f"{self.name} {self.split} {len(self)}"
        labels = [_digest_of_labels(getattr(self.images, name, None)) for name in LABELS]
        data: Any = getattr(self.images, "data", None)
        if hasattr(data, "__array__") and len(data) == len(self):
            return digest_of_lines([named, *labels, digest_of_array(np.asarray(data))])
        looks = self._looks(range(0, len(self), max(1, len(self) // LOOKS)))
        return digest_of_lines([named, *labels, *looks])

    def _looks(self, samples: range) -> Iterator[str]:
        """Labels and digests of some images."""
        for sample in samples:
            for item in self.read(sample, sample + 1):
                yield f"{item.target} {digest_of_array(item.input)}" if isinstance(item, Example) else item.reason

    @cached_property
    def _channels(self) -> int:
        return channels_by_name(self.channels) or most_common(self._first())

    def _first(self) -> Iterator[int]:
        for sample in range(len(self)):
            try:
                yield channels_of(self._item(sample)[0])
            except BrokenImage:
                continue

    def _item(self, sample: int) -> tuple[Any, int]:
        """The image, as Pillow has it, and its label."""
        from PIL.Image import Image

        try:
            item: Any = self.images[sample]
        except Exception as error:
            raise BrokenImage(f"expected an image that decodes, got: {reason(error)}") from error
        label = _as_integer(item[1])
        if not isinstance(item[0], Image) or label is None:
            came = " and ".join(type(part).__name__ for part in item)
            raise DataError(f"expected an image and a class index, got {came}")
        return item[0], label


def _as_integer(target: Any) -> int | None:
    try:
        return operator.index(target)
    except (TypeError, ValueError):
        return None


def _digest_of_labels(labels: Any) -> str:
    """Of labels in an array or a list; what else a data set has under that name counts as none."""
    if hasattr(labels, "__array__"):
        return digest_of_array(np.asarray(labels))
    if not isinstance(labels, Sequence):
        return ""
    return digest_of_lines(str(_as_integer(label)) for label in cast("Sequence[Any]", labels))


def _public(name: str) -> Callable[..., Any] | None:
    datasets = import_module("torchvision.datasets")
    return getattr(datasets, name) if name in datasets.__all__ else None


def _classes(images: Any) -> tuple[str, ...]:
    """The names that the data set gives, else numbers up to its largest label, if need be by reading all of it."""
    names: Any = getattr(images, "classes", None)
    if names:
        return tuple(", ".join(name) if isinstance(name, tuple) else str(name) for name in cast("list[Name]", names))
    held = [name for name in LABELS if hasattr(images, name)]
    labels: Any = getattr(images, held[0]) if held else [images[sample][1] for sample in range(len(images))]
    known = [label for label in map(_as_integer, labels) if label is not None]
    return tuple(map(str, range(max(known, default=-1) + 1)))
