"""What a metric accepts: scores and events of the same inputs, checked and brought to float64 on the CPU.

On the CPU since sums there do not depend on the order in which threads finish, and not every GPU has float64.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.errors import InputError

Scores = Float[Tensor, " N"] | Float[np.ndarray, " N"] | Sequence[float] | Sequence[int]
"""One number per input. Lists come to float64: in float32 scores would be tied that were not."""
Events = Bool[Tensor, " N"] | Bool[np.ndarray, " N"] | Sequence[bool]
"""One yes or no per input."""
Labels = Int[Tensor, " N"] | Int[np.ndarray, " N"] | Sequence[int]
"""One class per input."""
Rows = Float[Tensor, " N C"] | Float[np.ndarray, " N C"] | Sequence[Sequence[float]]
"""One number per input and class."""


def as_tensor(values: object, *, floats: bool = False) -> object:
    """An array or a list as a tensor, numbers of a list in float64; what is none stays as it is.

    Args:
        values: whatever came.
        floats: take integers of a list for floats.
    """
    came = values  # of a type that is known
    if not isinstance(values, np.ndarray | list | tuple):
        return came
    listed = not isinstance(values, np.ndarray)
    try:
        array: np.ndarray[Any, Any] = np.asarray(came)
        if floats and listed and array.dtype.kind == "i":
            array = array.astype(np.float64)
        return torch.as_tensor(array.copy())  # an array that may not be written to is warned of
    except (TypeError, ValueError, RuntimeError):
        return came


def checked_scores(name: str, scores: object) -> Float[Tensor, " N"]:
    """One number per input, in float64: any order, infinities too, but no NaN and at least one.

    Raises:
        InputError: not a vector of floats, empty, or NaN.
    """
    scores = as_tensor(scores, floats=True)
    if not isinstance(scores, Tensor) or scores.ndim != 1 or not scores.is_floating_point():
        raise InputError(f"{name}: expected floats of shape (N,), got {described(scores)}")
    if not len(scores):
        raise InputError(f"{name}: expected at least one input, got none")
    scores = scores.detach().to("cpu").double()
    if unordered := int(scores.isnan().sum()):
        raise InputError(f"{name}: expected numbers, got NaN for {unordered} of {len(scores)} inputs")
    return scores


def checked_events(name: str, events: object, count: int | None = None) -> Bool[Tensor, " N"]:
    """One yes or no per input.

    Args:
        name: what to call them in an error.
        events: shape ``(N,)``.
        count: N, where something else of the same inputs has fixed it.

    Raises:
        InputError: not a vector of booleans, empty, or not as many as the scores.
    """
    events = as_tensor(events)
    if not isinstance(events, Tensor) or events.ndim != 1 or events.dtype != torch.bool:
        raise InputError(f"{name}: expected booleans of shape (N,), got {described(events)}")
    if not len(events):
        raise InputError(f"{name}: expected at least one input, got none")
    if count is not None and len(events) != count:
        raise InputError(f"{name}: expected one per score, {count}, got {len(events)}")
    return events.detach().to("cpu")


def checked_labels(labels: object, count: int, classes: int) -> Int[Tensor, " N"]:
    """One class per input, 0 to C - 1.

    Raises:
        InputError: not a vector of integers, not as many as the predictions, or out of range.
    """
    labels = as_tensor(labels)
    if not isinstance(labels, Tensor) or labels.ndim != 1 or labels.is_floating_point() or labels.dtype == torch.bool:
        raise InputError(f"labels: expected integers of shape (N,), got {described(labels)}")
    if len(labels) != count:
        raise InputError(f"labels: expected one per prediction, {count}, got {len(labels)}")
    low, high = (int(bound) for bound in labels.aminmax())
    if low < 0 or high >= classes:
        raise InputError(f"labels: expected classes 0 to {classes - 1}, got {low} to {high}")
    return labels.long()


def checked_share(name: str, share: float, *, zero: bool) -> float:
    """A share of the inputs: at most 1, and above 0 unless ``zero`` is allowed.

    Raises:
        InputError: outside that range, or NaN.
    """
    if not (0 <= share <= 1 if zero else 0 < share <= 1):
        raise InputError(f"{name}: expected a number in {'[' if zero else '('}0, 1], got {share}")
    return share


def count_for(share: float, total: int) -> int:
    """The smallest count that is at least this share of the total, at least 1.

    ``ceil(share * total)``, but 0.07 of 100 is 7, although in floating point 0.07 * 100 is above 7.

    >>> count_for(0.07, 100), count_for(0.071, 100)
    (7, 8)
    """
    return max(1, math.ceil(share * total * (1 - 1e-12)))


def described(value: object) -> str:
    """What came, for an error: the kind and shape of a tensor, the type of anything else."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}, no tensor"
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
