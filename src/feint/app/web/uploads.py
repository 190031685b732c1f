"""What visitors give: pictures, of which only the decoded pixels are kept, under the digest of those."""

import io
import re
import warnings
from pathlib import Path
from typing import Any, Final

from feint.errors import DataError, FeintError
from feint.runs.folder import files

MOST_BYTES: Final = 20 * 2**20
MOST_PIXELS: Final = 24_000_000
LARGEST: Final = 1024
"""Of the longer side, as it is kept."""
KEPT: Final = 200
"""Pictures that are kept; the oldest go first."""
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


def keep(folder: Path, content: bytes) -> str:
    """Keep a picture.

    Args:
        folder: where.
        content: of the file, as it was sent.

    Returns:
        Its name: the first digits of the digest of its pixels.

    Raises:
        DataError: too many bytes or pixels, or no picture.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"image: expected at most {MOST_BYTES} bytes, got {len(content)}")
    kept = _decoded(content)
    name = files.digest(kept)[:16]
    files.write_bytes(folder / f"{name}.png", kept)
    for old in sorted(folder.glob("*.png"), key=lambda place: place.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return name


def place_of(folder: Path, name: str) -> Path:
    """Where a picture lies.

    Raises:
        DataError: there is none of that name.
    """
    if not re.fullmatch(r"[0-9a-f]{16}", name) or not (place := folder / f"{name}.png").is_file():
        raise DataError(f"image: expected one that was uploaded, got {name[:40]!r}")
    return place


def _decoded(content: bytes) -> bytes:
    """A picture's pixels as a PNG of ours, with nothing else in it."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened: Any = Image.open(io.BytesIO(content), formats=list(FORMATS))
        pixels = opened.width * opened.height
        if pixels > MOST_PIXELS:
            raise DataError(f"image: expected at most {MOST_PIXELS:,} pixels, got {opened.width}x{opened.height}")
        opened.draft("RGB", (LARGEST, LARGEST))  # a JPEG is decoded no larger than it will be
        grey = opened.mode in ("1", "L", "LA", "I;16")
        picture = opened.convert("RGBA" if opened.mode == "P" else opened.mode).convert("L" if grey else "RGB")
        picture.thumbnail((LARGEST, LARGEST))
        plain = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    except FeintError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever they like
        raise DataError(f"image: expected a whole {', '.join(FORMATS)}, got something else") from error
    file = io.BytesIO()
    plain.save(file, "PNG")
    return file.getvalue()
