"""What the parts of a piece came to, as what the piece comes to: the same rows in the same order, to the bit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feint.runs.work import Array, Found

SAMPLE = "sample"


def joined(parts: Sequence[Found]) -> Found:
    """Parts of a piece, one after the other, as one.

    A piece's table goes over its inputs several times (clean, attacked, rounded, ...), the same for each: the so-manyth
    rows of all inputs stand together, in the inputs' order. Arrays have a row for each input.
    """
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    tables = {name: _table([part.tables[name] for part in parts]) for name in first.tables}
    arrays = {name: _arrays([part.arrays[name] for part in parts]) for name in first.arrays}
    return Found(tables, arrays, [each for part in parts for each in part.skipped], first.notes)


def _table(tables: Sequence[pa.Table]) -> pa.Table:
    rounds = np.concatenate([_rounds(table.column(SAMPLE).to_numpy()) for table in tables])
    both: Any = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return both.take(pa.array(np.argsort(rounds, kind="stable")))


def _rounds(samples: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """For each row the number of rows before it that are of the same input."""
    order = np.argsort(samples, kind="stable")
    places = np.arange(len(samples))
    begins = np.r_[True, samples[order][1:] != samples[order][:-1]] if len(samples) else np.empty(0, bool)
    found = np.empty(len(samples), np.int64)
    found[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return found


def _arrays(parts: Sequence[Any]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
