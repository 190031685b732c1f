"""Files that are nothing but records of one size, read without loading the rest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

CHUNK = 1 << 20


def count_records(path: Path, size: int) -> int:
    """How many records of this many bytes a file has.

    Raises:
        DataError: if it is missing, or does not end with a whole record.
    """
    if not path.is_file():
        raise DataError(f"{path}: expected a file of {size}-byte records, got no such file")
    count, rest = divmod(path.stat().st_size, size)
    if rest:
        raise DataError(f"{path}: expected whole records of {size} bytes, got {count} and {rest} bytes more")
    return count


def read_records(path: Path, size: int, start: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Read a range of records, in order.

    Yields:
        One record each, shape ``(size,)``.
    """
    step = max(1, CHUNK // size)
    with path.open("rb") as file:
        file.seek(start * size)
        for first in range(start, stop, step):
            count = min(step, stop - first)
            data = file.read(count * size)
            if len(data) < count * size:
                raise DataError(f"{path}: expected {stop} records of {size} bytes, got {first + len(data) // size}")
            yield from np.frombuffer(data, dtype=np.uint8).reshape(count, size)


def read_names(path: Path) -> tuple[str, ...]:
    """Class names, one a line; none where there is no such file."""
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(CHUNK).splitlines()
    return tuple(line.strip() for line in lines if line.strip())
