"""Image files and arrays -> pixels of one kind: decoded, resized, cropped, checked."""

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from feint.errors import DataError

from .source import Pixels, reason

if TYPE_CHECKING:
    from PIL.Image import Image

TOLERANCE = 1e-6


class BrokenImage(Exception):
    """One image that cannot be read; whoever reads the source decides whether that is an error."""


def open_image(data: bytes) -> "Image":
    """An image file's header, or BrokenImage."""
    import PIL.Image

    try:
        return PIL.Image.open(io.BytesIO(data))
    except Exception as error:  # Pillow's plugins raise whatever they like
        raise BrokenImage(f"expected an image file, got {len(data)} bytes that Pillow cannot open") from error


def channels_of(image: "Image") -> int:
    """1 for a grey image, else 3: everything else becomes RGB."""
    return 1 if image.mode in ("L", "I;16") else 3


def pixels_of(image: "Image", channels: int) -> Pixels:
    """Decode an image.

    Args:
        image: as Pillow opened it: RGB, grey, palette, RGBA, CMYK, one bit, or grey of 16 bits (the upper 8 stay).
        channels: 1 or 3.

    Returns:
        uint8, shape ``(height, width, channels)``. Transparency is dropped, as torchvision does.

    Raises:
        BrokenImage: if it cannot be decoded.
        DataError: if it has colours but one channel was asked for.
    """
    if channels == 1 and channels_of(image) != 1:
        raise DataError(f"expected a grey image like the first one, got mode {image.mode}")
    import PIL.Image

    try:
        image.load()
        if image.mode == "I;16":
            image = PIL.Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if image.mode == "P":
            image = image.convert("RGBA")  # Pillow warns where a palette with transparency goes straight to RGB
        pixels = np.asarray(image if channels == 1 else image.convert("RGB"), dtype=np.uint8)
    except Exception as error:
        raise BrokenImage(f"expected an image that decodes, got: {reason(error)}") from error
    return pixels.reshape(*pixels.shape[:2], channels)


def decode(data: bytes, channels: int) -> Pixels:
    """An image file's bytes as pixels; see ``pixels_of``."""
    return pixels_of(open_image(data), channels)


def resized(pixels: Pixels, short_side: int) -> Pixels:
    """Scale the short side to this many pixels, keeping the ratio: bilinear, antialiased, like torchvision's Resize.

    Args:
        pixels: uint8 or float32, shape ``(height, width, channels)``.
        short_side: in pixels; the long side is rounded down.
    """
    import PIL.Image

    height, width, channels = pixels.shape
    if min(height, width) == short_side:
        return pixels
    size = (short_side * width // min(height, width), short_side * height // min(height, width))
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
        BrokenImage: if there are NaNs.
        DataError: if values lie outside [0, 1] by more than 1e-6; closer ones are clamped.
    """
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if math.isnan(low) or math.isnan(high):
        raise BrokenImage(
            f"expected pixels in [0, 1], got NaN at {int(np.isnan(pixels).sum())} of {pixels.size} values"
        )
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise DataError(f"expected float pixels in [0, 1], got {low:g} to {high:g}; for 0 to 255 save uint8")
    return pixels.astype(np.float32).clip(0, 1)
