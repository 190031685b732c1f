"""Fingerprints: digests of content, quick also where the files are large, the same whatever folder they lie in."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

WHOLE = 256 << 20
PIECE = 1 << 20
PIECES = 64


def digest_of_files(paths: Sequence[Path]) -> str:
    """Of the contents, in this order: whole up to 256 MiB each, beyond that the size and 64 pieces of one MiB.

    Returns:
        SHA-256 in hex.
    """
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{size}:".encode())
        with path.open("rb") as file:
            if size <= WHOLE:
                while piece := file.read(PIECE):
                    digest.update(piece)
            else:
                for number in range(PIECES):
                    file.seek((size - PIECE) * number // (PIECES - 1))
                    digest.update(file.read(PIECE))
    return digest.hexdigest()


def digest_of_lines(lines: Iterable[str]) -> str:
    """Of lines of text, such as names and sizes.

    Returns:
        SHA-256 in hex.
    """
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape"))
        digest.update(b"\n")
    return digest.hexdigest()
