"""Arrays out of an .npz file, checked against what the file says of them before any memory is taken, and streamed."""

import math
import zipfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from ..source import reason

CHUNK = 1 << 20
MOST = 1 << 30
"""Bytes of an array that is read whole."""


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Inside, whatever a damaged file makes zipfile, zlib or NumPy raise becomes a DataError."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path}: expected a readable .npz file, got: {reason(error)}") from error


def array_names(path: Path) -> list[str]:
    """What arrays a file has.

    Raises:
        DataError: if it is no .npz file.
    """
    with readable(path), zipfile.ZipFile(path) as archive:
        return sorted(name.removesuffix(".npy") for name in archive.namelist())


@final
class NpzArray:
    """One array of a file, open for reading from front to back.

    Args:
        path: the .npz file.
        name: of the array.

    Raises:
        DataError: if it is not there, or holds Python objects.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._whole: NDArray[Any] | None = None
        with ExitStack() as stack, readable(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            self._member: IO[bytes] = stack.enter_context(archive.open(f"{name}.npy"))
            self.shape, self.fortran, self.dtype = self._header()
            self._offset = self._member.tell()
            self._stored = archive.getinfo(f"{name}.npy").file_size - self._offset
            if min(self.shape, default=0) < 0:
                raise DataError(f"{path}: expected a shape for {name}, got {self.shape}")
            self._stack = stack.pop_all()

    @property
    def bytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * self.dtype.itemsize

    def close(self) -> None:
        """Close the file."""
        self._stack.close()
        self._whole = None

    def rows(self, first: int, count: int) -> NDArray[Any]:
        """Rows from one on; going back decompresses from the beginning again.

        An array in Fortran's order has its rows interleaved: it is read whole, and kept until this is closed.

        Raises:
            DataError: if the file is damaged, or ends before them.
        """
        if self.fortran:
            self._whole = self.whole(most=4 * MOST) if self._whole is None else self._whole
            return self._whole[first : first + count]
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        with readable(self._path):
            self._go_to(self._offset + first * size)
            data = self._member.read(count * size)
            if len(data) < count * size:
                raise EOFError(f"the {self._name} end before row {first + len(data) // size}")
        return np.frombuffer(data, dtype=self.dtype).reshape(count, *self.shape[1:])

    def whole(self, most: int = MOST) -> NDArray[Any]:
        """All of it.

        Raises:
            DataError: if it is larger than this many bytes, the file is damaged, or ends before.
        """
        if self.bytes > most:
            raise DataError(
                f"{self._path}: expected at most {most} bytes in {self._name}, which is read whole, got {self.bytes}"
            )
        if self.bytes > self._stored:
            raise DataError(f"{self._path}: expected {self.bytes} bytes in {self._name}, got {self._stored}")
        with readable(self._path):
            self._go_to(self._offset)
            data = self._member.read(self.bytes)
            if len(data) < self.bytes:
                raise EOFError(f"{self._name} ends after {len(data)} bytes of {self.bytes}")
        return np.frombuffer(data, dtype=self.dtype).reshape(self.shape, order="F" if self.fortran else "C")

    def _go_to(self, offset: int) -> None:
        if offset < self._member.tell():
            self._member.seek(offset)
        while (ahead := offset - self._member.tell()) > 0:
            if not self._member.read(min(CHUNK, ahead)):  # seek would take in 16 MiB at a time
                return

    def _header(self) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        """Shape, whether in Fortran's order, and dtype."""
        version = np.lib.format.read_magic(self._member)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(self._member)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(self._member)
        else:
            raise DataError(
                f"{self._path}: expected {self._name} in version 1 or 2 of NumPy's format, got version {version[0]}"
            )
        if dtype.hasobject:
            raise DataError(
                f"{self._path}: expected numbers in {self._name}, got Python objects, which would have to be unpickled:"
                " refused"
            )
        return shape, fortran, dtype


def read_array(path: Path, name: str) -> NDArray[Any]:
    """One array, whole.

    Raises:
        DataError: as `NpzArray`.
    """
    array = NpzArray(path, name)
    try:
        return array.whole()
    finally:
        array.close()
