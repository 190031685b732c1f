"""The report of uncertainty spans as plain data, and their records; shares and confidences in [0, 1], not percent.

The records: one row per input and radius. The columns, in order:

    sample      int64    the input's index in its data set
    label       int32    the true class
    prediction  int32    the class predicted for the clean input, which is kept
    radius      float64  in units of [0, 1]
    clean       float64  the confidence in that prediction: its probability
    low         float64  the lowest confidence in it that was reached, at most ``clean``
    high        float64  the highest, at least ``clean``
    gradients   int32    gradients spent on this input, at this radius and the smaller ones
    queries     int32    evaluations of the condition, likewise
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feint.errors import InputError

SCHEMA = pa.schema(
    [
        pa.field("sample", pa.int64(), nullable=False),
        pa.field("label", pa.int32(), nullable=False),
        pa.field("prediction", pa.int32(), nullable=False),
        pa.field("radius", pa.float64(), nullable=False),
        pa.field("clean", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
        pa.field("gradients", pa.int32(), nullable=False),
        pa.field("queries", pa.int32(), nullable=False),
    ]
)


def span_table(columns: Mapping[str, npt.NDArray[Any]], radius: float) -> pa.Table:
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
    arrays: list[Any] = [
        pa.array(filled[name]).cast(kind) for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


@final
@dataclass(frozen=True)
class SpanRow:
    """Some of the inputs at one radius; what is None has nothing to be computed from.

    Attributes:
        radius: in units of [0, 1].
        kind: "all", "correct" or "wrong" predictions.
        images: how many.
        clean: their mean clean confidence.
        low: mean lowest confidence reachable.
        high: mean highest.
        mean_width: mean of highest less lowest.
        median_width: median of the same.
        crossing: share whose interval has ends on both sides of the threshold.
        gradients: mean number of gradients per image.
        queries: mean number of evaluations of the condition per image.
    """

    radius: float
    kind: str
    images: int
    clean: float | None
    low: float | None
    high: float | None
    mean_width: float | None
    median_width: float | None
    crossing: float | None
    gradients: float | None
    queries: float | None


@final
@dataclass(frozen=True, eq=False)
class Intervals:
    """For every input its clean confidence, the ends of its interval, and whether its prediction is correct."""

    radius: float
    clean: npt.NDArray[Any]
    low: npt.NDArray[Any]
    high: npt.NDArray[Any]
    correct: npt.NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class SpanReport:
    """Everything on the page.

    Attributes:
        headline: the finding, in one sentence.
        command: the command line that made it.
        facts: name -> value, in the order they are shown.
        threshold: inputs are answered where their confidence is at least this.
        rows: per radius: all predictions, the correct ones and the wrong ones.
        intervals: one per radius.
        skipped: images that could not be read, and why.
    """

    title: str
    headline: str
    command: str
    facts: Mapping[str, str]
    threshold: float
    rows: tuple[SpanRow, ...]
    intervals: tuple[Intervals, ...]
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


GLOSSARY: Mapping[str, str] = {
    "Confidence": "The probability that the classifier gives its own prediction.",
    "Span": "From the lowest to the highest confidence that the attack reached within the radius while the predicted "
    "class stayed as it was.",
    "Width": "Highest less lowest confidence, in percentage points: 0 for a confidence that nobody can move.",
    "Threshold": "The classifier answers where its confidence is at least this, and passes the rest on.",
    "Crossing": "The share of images that an attacker can put on either side of the threshold, as they please.",
    "Radius": "The most that any pixel value may change, where values run from 0 to 1. One grey level of 255 "
    "is 3.9e-3.",
    "Gradients, queries": "What it cost, per image: gradients, and questions whether the predicted class is kept; at "
    "this radius and the smaller ones, whose points count here too.",
}
"""The terms on the page, and what they mean."""
