"""NumPy's .npz: ``images`` and ``labels``, streamed out of the zip file."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..digest import digest_of_files
from ..labels import checked_labels, numbered_classes
from ..source import Example, Flaw, Pixels, reason

CHUNK = 1 << 20
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@final
@dataclass(frozen=True, eq=False)
class Npz:
    """Images ``(N, height, width)`` or ``(N, height, width, channels)``, uint8 or float in [0, 1]; labels ``(N,)``."""

    path: Path
    shape: tuple[int, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    seekable: bool = False

    @classmethod
    def open(cls, path: Path) -> "Npz":
        """Read the labels and the header of the images.

        Raises:
            DataError: if the file, its arrays' names, types or shapes are not as expected.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                members = sorted(name.removesuffix(".npy") for name in archive.namelist())
                for name in ("images", "labels"):
                    if name not in members:
                        came = ", ".join(members) or "none"
                        raise DataError(f"{path}: expected arrays 'images' and 'labels', got {came}")
                with _member(archive, "images") as member:
                    shape, _, dtype = _header(member, path, "images")
                with _member(archive, "labels") as member:
                    labels = _whole(member, path, "labels")
        except UNREADABLE as error:
            raise _unreadable(path, error) from error
        _check_images(path, shape, dtype)
        checked = checked_labels(labels, shape[0], f"{path} (labels)")
        return cls(path, shape, checked, numbered_classes(checked))

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, sample: int) -> str:
        """Which image of the file."""
        return f"{self.path}: image {sample}"

    def read(self, start: int, stop: int) -> Iterator[Example | Flaw]:
        """Read a range, decompressing only what stands before its end."""
        sample = start
        for images in self._chunks(start, stop):
            for pixels in images:
                yield Example(sample, pixels, int(self.labels[sample]))
                sample += 1

    def fingerprint(self) -> str:
        """Of the file."""
        return digest_of_files([self.path])

    def _chunks(self, start: int, stop: int) -> Iterator[Pixels]:
        each = (*self.shape[1:], 1) if len(self.shape) == 3 else self.shape[1:]
        try:
            with zipfile.ZipFile(self.path) as archive, _member(archive, "images") as member:
                _, fortran, dtype = _header(member, self.path, "images")
                if fortran:  # the images lie interleaved: there is no reading only some of them
                    member.seek(0)
                    yield _whole(member, self.path, "images")[start:stop].reshape(-1, *each)
                    return
                size = int(np.prod(each)) * dtype.itemsize
                member.seek(member.tell() + start * size)
                step = max(1, CHUNK // size)
                for first in range(start, stop, step):
                    count = min(step, stop - first)
                    data = member.read(count * size)
                    if len(data) < count * size:
                        raise EOFError(f"the images end before image {first + len(data) // size}")
                    yield np.frombuffer(data, dtype=dtype).reshape(count, *each)
        except UNREADABLE as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: Path, error: BaseException) -> DataError:
    if isinstance(error, DataError):  # which is a ValueError too
        return error
    return DataError(f"{path}: expected a readable .npz file, got: {reason(error)}")


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipExtFile:
    return cast(zipfile.ZipExtFile, archive.open(f"{name}.npy"))


def _header(member: zipfile.ZipExtFile, path: Path, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype of an array in the zip file."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise DataError(f"{path}: expected {name} in version 1 or 2 of NumPy's format, got version {version[0]}")
    if dtype.hasobject:
        raise DataError(
            f"{path}: expected numbers in {name}, got Python objects, which would have to be unpickled: refused"
        )
    return shape, fortran, dtype


def _whole(member: zipfile.ZipExtFile, path: Path, name: str) -> NDArray[Any]:
    _header(member, path, name)
    member.seek(0)
    return np.lib.format.read_array(member, allow_pickle=False)


def _check_images(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype != np.uint8 and dtype.kind != "f":
        raise DataError(f"{path}: expected images as uint8 or float in [0, 1], got {dtype}")
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3)):
        if min(shape[1:]) == 0:
            raise DataError(f"{path}: expected images with pixels, got shape {shape}")
        return
    hint = "; channels come last" if len(shape) == 4 and shape[1] in (1, 3) else ""
    raise DataError(
        f"{path}: expected images of shape (N, height, width) or (N, height, width, channels)"
        f" with 1 or 3 channels, got {shape}{hint}"
    )
