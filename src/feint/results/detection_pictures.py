"""An attacked image for show: before, what was added, after."""

from typing import Any

import numpy as np
import numpy.typing as npt

from .audit_figures import magnification
from .png_figures import image

SMALL = 112
"""Images are shown in whole multiples of their size, at least so many pixels wide."""


def triple(original: npt.NDArray[Any], attacked: npt.NDArray[Any]) -> dict[str, bytes]:
    """Three PNG files by name; what was added is magnified around mid-grey by the number in its name.

    The pictures are 8 bits deep, which the attack need not survive: what survives is in the records.

    Args:
        original: height x width x channels, in [0, 1].
        attacked: likewise.
    """
    added = attacked.astype(np.float64) - original
    factor = magnification(float(np.abs(added).max(initial=0.0)))
    return {
        "original": _png(original),
        f"added-x{factor or 0:g}": _png(0.5 + added * (factor or 0.0)),
        "attacked": _png(attacked),
    }


def _png(picture: npt.NDArray[Any]) -> bytes:
    pixels = (255 * picture.astype(np.float64).clip(0, 1)).round().astype(np.uint8)
    pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    times = max(1, -(-SMALL // max(pixels.shape[:2])))
    return image(pixels.repeat(times, axis=0).repeat(times, axis=1), largest=1024)
