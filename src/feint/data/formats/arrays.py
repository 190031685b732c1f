"""Images and labels that are in memory already: tensors, arrays, or what a loader yields."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast, final

import numpy as np
import torch
from numpy.typing import NDArray

from feint.errors import DataError

from ..kinds import Classes, Images
from ..labels import checked_labels, numbered_classes
from ..source import Example, Flaw


@final
@dataclass(frozen=True, eq=False)
class Arrays:
    """Images with channels last, and labels.

    Attributes:
        images: shape ``(N, height, width, channels)``, uint8 or float in [0, 1].
        labels: shape ``(N,)``.
        targets: the classes.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]
    targets: Classes
    inputs: type[Images] = Images
    seekable: bool = True

    @classmethod
    def of(cls, images: Any, labels: Any = None, classes: Sequence[str] | None = None) -> "Arrays":
        """From what a user has.

        Args:
            images: a tensor ``(N, channels, height, width)``, an array of that shape or with channels last, ``(N,
                height, width)`` for grey ones, or an iterable of ``(images, labels)`` such as a DataLoader.
            labels: integers, shape ``(N,)``; None where the images come with them.
            classes: their names; None for numbers.

        Raises:
            DataError: shapes or types that are none of these.
        """
        if labels is None:
            images, labels = _loaded(images)
        found = _channels_last(_array(images), torch_order=isinstance(images, torch.Tensor))
        if found.dtype != np.uint8 and found.dtype.kind != "f":
            raise DataError(f"images: expected uint8 or floats in [0, 1], got {found.dtype}")
        checked = checked_labels(_array(labels), len(found), "labels")
        if classes and len(checked) and checked.max() >= len(classes):
            raise DataError(f"classes: expected a name for each label, 0 to {checked.max()}, got {len(classes)}")
        return cls(found, checked, Classes(tuple(classes) if classes else numbered_classes(checked)))

    def __len__(self) -> int:
        return len(self.images)

    def where(self, sample: int) -> str:
        """Which image."""
        return f"image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range."""
        for sample in range(start, stop):
            yield Example(sample, self.images[sample], int(self.labels[sample]))

    def fingerprint(self) -> str:
        """Of all pixels and labels."""
        found = hashlib.sha256(f"{self.images.shape} {self.images.dtype} {self.targets}".encode())
        for part in (self.images, self.labels):
            found.update(np.ascontiguousarray(part).data)
        return found.hexdigest()


def _array(values: Any) -> NDArray[Any]:
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    return np.asarray(values)


def _loaded(batches: Any) -> tuple[Any, Any]:
    """All images and labels of an iterable of pairs."""
    if not isinstance(batches, Iterable) or isinstance(batches, torch.Tensor | np.ndarray):
        raise DataError("labels: expected one for each image, or a loader of both, got images alone")
    images: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    for batch in cast(Iterable[Any], batches):
        pair = cast(Sequence[Any], batch)
        if not isinstance(batch, tuple | list) or len(pair) < 2:
            raise DataError(f"images: expected a loader of (images, labels), got {type(pair).__name__}")
        first, second = pair[:2]
        images.append(torch.as_tensor(first))
        labels.append(torch.as_tensor(second))
    if not images:
        raise DataError("images: expected some, got an empty loader")
    return torch.cat(images), torch.cat(labels)


def _channels_last(images: NDArray[Any], *, torch_order: bool) -> NDArray[Any]:
    if images.ndim == 3:
        return images[..., None]
    if images.ndim == 4 and (torch_order or images.shape[-1] not in (1, 3)) and images.shape[1] in (1, 3):
        return images.transpose(0, 2, 3, 1)
    if images.ndim == 4 and images.shape[-1] in (1, 3):
        return images
    raise DataError(
        f"images: expected shape (N, channels, height, width) or (N, height, width[, channels]) with 1 or 3 channels, "
        f"got {images.shape}"
    )
