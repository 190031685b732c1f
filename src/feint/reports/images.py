"""Images as PNG by Pillow, pixel by pixel."""

import base64
import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .report import Image


def pixels(image: Image) -> npt.NDArray[np.uint8]:
    """Any image as 0 to 255, height x width x 3 (or 4)."""
    values = image if image.ndim == 3 else image[..., None]
    if values.dtype != np.uint8:
        values = (255 * np.nan_to_num(values.astype(np.float64)).clip(0, 1)).round().astype(np.uint8)
    return np.ascontiguousarray(values) if values.shape[2] in (3, 4) else np.repeat(values[..., :1], 3, axis=2)


def png(image: Image, *, largest: int = 256) -> bytes:
    """An image as PNG, made smaller by leaving pixels out, since mixing them would wash noise away."""
    found = pixels(image)
    height, width = found.shape[:2]
    most = max(height, width, largest)
    rows, columns = (np.arange(max(1, side * largest // most)) for side in (height, width))
    found = found[np.ix_((2 * rows + 1) * height // (2 * len(rows)), (2 * columns + 1) * width // (2 * len(columns)))]
    return _encoded(found.tobytes(), found.shape)


@lru_cache(1000)
def _encoded(content: bytes, shape: tuple[int, ...]) -> bytes:
    """As PNG; a page and its pictures show the same images."""
    from PIL import Image as Pillow

    file = io.BytesIO()
    Pillow.fromarray(np.frombuffer(content, np.uint8).reshape(shape)).save(file, "PNG", compress_level=6)
    return file.getvalue()


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """A file inside a page."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def mosaic(images: Sequence[Image]) -> npt.NDArray[np.uint8]:
    """Images of one size as a square of tiles, row by row from the top; what is missing in the last row is white."""
    tiles = [pixels(image)[..., :3] for image in images]
    side = int(np.ceil(len(tiles) ** 0.5))
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (side * -(-len(images) // side) - len(tiles))
    return np.concatenate([np.concatenate(tiles[at : at + side], axis=1) for at in range(0, len(tiles), side)])
