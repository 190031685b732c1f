"""An attacked image for show: before, what was added, after."""

import math
from typing import Any

import numpy as np

from feint.runs.work import Array


def before_and_after(original: Array, attacked: Array) -> tuple[tuple[Array, Array, Array], tuple[str, str, str]]:
    """Three images with their labels; what was added is magnified around mid-grey.

    Args:
        original: height x width x channels, in [0, 1].
        attacked: likewise.
    """
    before, after = _unit(original), _unit(attacked)
    difference = after - before
    factor = magnification(float(np.abs(difference).max(initial=0.0)))
    added = "nothing added" if factor is None else f"added, × {factor:,.0f}"
    return (before, (0.5 + difference * (factor or 0.0)).clip(0, 1), after), ("before", added, "after")


def magnification(largest: float) -> float | None:
    """The largest of 1, 2, 5, 10, 20, 50, ... at which changes up to ``largest`` stay within half the range.

    >>> magnification(0.0005), magnification(0.003), magnification(0.7), magnification(0.0)
    (1000.0, 100.0, 1.0, None)
    """
    if largest <= 0:
        return None
    room = max(0.5 / largest * 1.001, 1.0)  # a thousandth of leeway for float32's rounding
    power = 10.0 ** math.floor(math.log10(room))
    return power * max(step for step in (1, 2, 5) if step * power <= room)


def _unit(image: Any) -> Array:
    """As floats in [0, 1] with three channels."""
    values = image.astype(np.float64) / (255 if image.dtype == np.uint8 else 1)
    values = values[..., None] if values.ndim == 2 else values
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values[..., :3]
