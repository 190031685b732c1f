"""Image files and arrays -> pixels of one kind: decoded, resized, cropped, checked."""

import io
import math
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from feint.errors import DataError

from .source import Pixels, reason

if TYPE_CHECKING:
    from PIL.Image import Image

TOLERANCE = 1e-6
MOST_PIXELS = 1 << 27
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP")
"""What a picture may be. Not all that Pillow knows: for PostScript it would run another program."""
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
GREY = ("L", "1", "LA", "La", "I", "F", *SIXTEEN_BITS)
LOOKS = 16
"""So many of the first images say whether a source is grey."""

Channels = Literal["grey", "rgb"]


class BrokenImage(Exception):
    """One image that cannot be read; whoever reads the source decides whether that is an error."""


@contextmanager
def _quiet() -> Generator[None]:
    """Inside, Pillow does not warn of odd files and large ones: what matters of them is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_image(data: bytes) -> "Image":
    """An image file's header, or BrokenImage."""
    import PIL.Image

    PIL.Image.init()
    try:
        with _quiet():
            image = PIL.Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in PIL.Image.OPEN])
    except PIL.Image.DecompressionBombError as error:
        raise BrokenImage(f"expected an image of at most {MOST_PIXELS} pixels, got a decompression bomb") from error
    except Exception as error:  # Pillow's plugins raise whatever they like
        raise BrokenImage(f"expected an image file, got {len(data)} bytes that Pillow cannot open") from error
    if image.width * image.height > MOST_PIXELS:
        raise BrokenImage(
            f"expected an image of at most {MOST_PIXELS} pixels, got {image.width}x{image.height} in {len(data)} bytes:"
            " a decompression bomb"
        )
    return image


def channels_of(image: "Image") -> int:
    """1 for a grey image, of one bit, of more than 8, or with transparency too; else 3: everything else becomes RGB."""
    return 1 if image.mode in GREY else 3


def channels_by_name(name: Channels | None) -> int | None:
    """1 for "grey", 3 for "rgb"."""
    return {"grey": 1, "rgb": 3}[name] if name is not None else None


def most_common(channels: Iterable[int]) -> int:
    """1 if most of the first images are grey, else 3.

    Args:
        channels: of the images, from the first on.

    >>> most_common([1, 3, 3]), most_common([1, 1, 3]), most_common([])
    (3, 1, 3)
    """
    found = list(islice(channels, LOOKS))
    return 1 if 2 * found.count(1) > len(found) else 3


def pixels_of(image: "Image", channels: int, *, convert: bool = False) -> Pixels:
    """Decode an image.

    Args:
        image: as Pillow opened it: RGB, palette, RGBA, CMYK, or grey of 1, 8 or 16 bits or floats.
        channels: 1 or 3.
        convert: whether colours may become grey (by luma, ITU-R 601-2).

    Returns:
        Shape ``(height, width, channels)``: uint8, or, of 16 bits and floats, float32, 16 bits scaled to [0, 1].
        Transparency is dropped, as torchvision does.

    Raises:
        BrokenImage: if it cannot be decoded.
        DataError: if it has colours but one channel was asked for.
    """
    if channels == 1 and channels_of(image) != 1 and not convert:
        raise DataError(
            f"expected a grey image like most of the first ones, got mode {image.mode}; give channels as grey or rgb"
        )
    try:
        with _quiet():
            image.load()
        if image.mode in ("I", "F", *SIXTEEN_BITS):
            pixels = _scaled(image)
        elif channels_of(image) == 1:
            pixels = np.asarray((image.convert("LA") if image.mode == "La" else image).convert("L"), dtype=np.uint8)
        else:
            # Pillow warns where a palette with transparency goes straight to RGB
            colours = (image.convert("RGBA") if image.mode == "P" else image).convert("RGB")
            pixels = np.asarray(colours.convert("L") if channels == 1 else colours, dtype=np.uint8)
    except BrokenImage:
        raise
    except Exception as error:
        raise BrokenImage(f"expected an image that decodes, got: {reason(error)}") from error
    return recoloured(pixels.reshape(*pixels.shape[:2], -1), channels)


def _scaled(image: "Image") -> NDArray[np.float32]:
    """Grey of more than 8 bits: 16 bits to [0, 1], floats as they are."""
    pixels = np.asarray(image, dtype=np.float32)
    if image.mode == "I" and image.format not in ("PPM", "PNG"):  # whose 16 bits come in 32
        raise BrokenImage("expected grey of 8 or 16 bits or floats in [0, 1], got integers of 32 bits")
    return pixels if image.mode == "F" else pixels / np.float32(65535)


def recoloured(pixels: Pixels, channels: int) -> Pixels:
    """Grey as RGB, or RGB as grey (by luma, ITU-R 601-2, as Pillow rounds it).

    Args:
        pixels: uint8 or float, shape ``(height, width, 1 or 3)``.
        channels: 1 or 3.
    """
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if pixels.dtype != np.uint8:
        return (pixels @ np.array([0.299, 0.587, 0.114], dtype=pixels.dtype))[:, :, np.newaxis]
    luma = pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], dtype=np.uint32)
    return ((luma + 0x8000) >> 16).astype(np.uint8)[:, :, np.newaxis]


def decode(data: bytes, channels: int, *, convert: bool = False) -> Pixels:
    """An image file's bytes as pixels; see ``pixels_of``."""
    return pixels_of(open_image(data), channels, convert=convert)


def resized(pixels: Pixels, short_side: int) -> Pixels:
    """Scale the short side to this many pixels, keeping the ratio: bilinear, antialiased, like torchvision's Resize.

    Args:
        pixels: uint8 or float32, shape ``(height, width, channels)``.
        short_side: in pixels; the long side is rounded down.

    Raises:
        DataError: if that would take too much memory.
    """
    import PIL.Image

    height, width, channels = pixels.shape
    if min(height, width) == short_side:
        return pixels
    size = (short_side * width // min(height, width), short_side * height // min(height, width))
    if math.prod(size) > MOST_PIXELS:
        raise DataError(f"expected at most {MOST_PIXELS} pixels after resizing, got {size[1]}x{size[0]}")
    bilinear = PIL.Image.Resampling.BILINEAR
    if pixels.dtype == np.uint8 and channels == 3:
        return np.asarray(PIL.Image.fromarray(pixels).resize(size, bilinear))
    planes = [PIL.Image.fromarray(np.ascontiguousarray(pixels[:, :, channel])) for channel in range(channels)]
    stacked = np.stack([np.asarray(plane.resize(size, bilinear)) for plane in planes], axis=2)
    return stacked if pixels.dtype == np.uint8 else stacked.clip(0, 1)


def cropped(pixels: Pixels, side: int) -> Pixels:
    """Cut out the centre square.

    Args:
        pixels: shape ``(height, width, channels)``.
        side: in pixels.

    Raises:
        DataError: if the image is smaller than that.
    """
    height, width, _ = pixels.shape
    if min(height, width) < side:
        raise DataError(f"expected at least {side}x{side} pixels to crop, got {height}x{width}; add resize={side}")
    top, left = round((height - side) / 2), round((width - side) / 2)
    return pixels[top : top + side, left : left + side]


def checked_range(pixels: Pixels) -> Pixels:
    """Floats as float32 in [0, 1]; uint8 as it is.

    Raises:
        BrokenImage: if there are NaNs or infinities.
        DataError: if values lie outside [0, 1] by more than 1e-6; closer ones are clamped.
    """
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        strange = ~np.isfinite(pixels)
        kind = "NaN" if np.isnan(pixels).any() else "infinity"
        raise BrokenImage(f"expected pixels in [0, 1], got {kind} at {int(strange.sum())} of {pixels.size} values")
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise DataError(f"expected float pixels in [0, 1], got {low:g} to {high:g}; for 0 to 255 save uint8")
    return pixels.astype(np.float32).clip(0, 1)
