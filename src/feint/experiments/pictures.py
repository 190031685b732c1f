"""An attacked image for show: before, what was added, after; and what pictures and classes are called."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from feint.runs.work import Array


def named(arrays: Mapping[str, Array], row: int, sample: int) -> str:
    """What a picture is called: by its file and the folder of that, or by its number in a file that holds many."""
    where = str(arrays["where"][row]) if "where" in arrays else ""
    if not where or re.search(r"(^|: )(image|row) \d+$", where):
        return f"image {sample}"
    return "/".join(PurePath(where).parts[-2:])


def label(classes: Sequence[str], number: int) -> str:
    """What a class is called."""
    return classes[number] if number < len(classes) else str(number)


def before_and_after(original: Array, attacked: Array) -> tuple[tuple[Array, Array, Array], tuple[str, str, str]]:
    """Three images, height x width x channels in [0, 1], with their labels; what was added is magnified around grey."""
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
