"""Fingerprints: digests of content, quick also where a file is very large, the same whatever folder they lie in."""

import hashlib
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE = 256 << 20
PIECE = 1 << 20
PIECES = 64


def digest_of_files(paths: Sequence[Path]) -> str:
    """Of the contents, in this order: whole up to 256 MiB each.

    Beyond that the size, 64 pieces of one MiB and the time of the last change: an edit between the pieces is noticed by
    that time, and a copy that does not keep it counts as another file.

    Returns:
        SHA-256 in hex.
    """
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # which might never end
            raise OSError(f"{path} is no regular file")
        size = status.st_size
        digest.update(f"{size}:".encode())
        with path.open("rb") as file:
            if size <= WHOLE:
                while piece := file.read(PIECE):
                    digest.update(piece)
            else:
                digest.update(f"{status.st_mtime_ns}:".encode())
                for number in range(PIECES):
                    file.seek((size - PIECE) * number // (PIECES - 1))
                    digest.update(file.read(PIECE))
    return digest.hexdigest()


def digest_of_array(array: NDArray[Any]) -> str:
    """Of an array's type, shape and bytes.

    Returns:
        SHA-256 in hex.
    """
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}:".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def digest_of_lines(lines: Iterable[str]) -> str:
    """Of lines of text, such as names and labels.

    Returns:
        SHA-256 in hex.
    """
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape"))
        digest.update(b"\n")
    return digest.hexdigest()
