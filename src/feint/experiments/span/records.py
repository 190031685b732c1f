"""Records of spans: one row per input and radius.

The columns, in order:

sample      int64    the input's index in its data set
label       int32    the true class
prediction  int32    the class predicted for the clean input, which is kept
radius      float64  in the attack's own distance
clean       float64  the confidence in that prediction: its probability
low         float64  the lowest confidence in it that was reached, at most ``clean``
high        float64  the highest, at least ``clean``
gradients   int32    gradients spent on this input, at this radius and the smaller ones
queries     int32    evaluations of the condition, likewise
directionless  bool  whether all gradients so far were zero everywhere
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from feint.errors import InputError
from feint.runs.work import Array

_KINDS: Mapping[str, pa.DataType] = {
    "sample": pa.int64(),
    "label": pa.int32(),
    "prediction": pa.int32(),
    "radius": pa.float64(),
    "clean": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
    "gradients": pa.int32(),
    "queries": pa.int32(),
    "directionless": pa.bool_(),
}
SCHEMA = pa.schema([pa.field(name, kind, nullable=False) for name, kind in _KINDS.items()])


def span_table(columns: Mapping[str, Array], radius: float) -> pa.Table:
    """Check the columns of one radius and put them together.

    Args:
        columns: every column but the radius, an array of one value per input each.
        radius: the same for all of them.

    Raises:
        InputError: intervals that do not hold the clean confidence, or are no probabilities.
    """
    low, clean, high = (columns[name] for name in ("low", "clean", "high"))
    good = (low >= 0) & (low <= clean) & (clean <= high) & (high <= 1)
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise InputError(
            f"spans expect 0 <= low <= clean <= high <= 1; row {at} has low {low[at]:g}, clean {clean[at]:g}, "
            f"high {high[at]:g}"
        )
    filled = {**columns, "radius": np.full(len(low), radius)}
    arrays: list[Any] = [pa.array(filled[name]).cast(kind) for name, kind in _KINDS.items()]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
