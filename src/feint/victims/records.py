"""Records: one row per input, radius, variant and repeat. Summaries are computed from them, never the other way round.

The columns, in order:

    sample            int64    the input's index in its data set
    variant           string   "clean", "attacked", "rounded" (attacked, then to 8 bits) or "random" (signs as large)
    radius            float64  the radius asked for, in units of [0, 1]; 0 where clean
    repeat            int16    which set of fresh draws
    label             int32    the true class
    clean_prediction  int32    the class predicted for the clean input
    prediction        int32    the class predicted for this variant
    log_prob_label    float64  log-probability of the true class, nats
    brier             float64  the input's Brier term, summed over classes
    measure:NAME      float64  one column per measure of uncertainty, higher = more uncertain
    accepted          float64  the radius that the attack settled on before clipping; 0 where it gave up
    measured          float64  the norm of (attacked - original)
    changed           float64  the share of pixel values that differ from the original's
    feasible          bool     whether the attack's condition holds at the point it returned
    directionless     bool     whether all gradients that the attack took were zero everywhere
    gradients         int32    gradients spent on this input
    queries           int32    forward passes spent on this input
    seed              int64    the seed of the draws
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from feint.errors import InputError

VARIANTS = ("clean", "attacked", "rounded", "random")
MEASURE = "measure:"

_BEFORE: tuple[tuple[str, pa.DataType], ...] = (
    ("sample", pa.int64()),
    ("variant", pa.dictionary(pa.int32(), pa.string())),
    ("radius", pa.float64()),
    ("repeat", pa.int16()),
    ("label", pa.int32()),
    ("clean_prediction", pa.int32()),
    ("prediction", pa.int32()),
    ("log_prob_label", pa.float64()),
    ("brier", pa.float64()),
)
_AFTER: tuple[tuple[str, pa.DataType], ...] = (
    ("accepted", pa.float64()),
    ("measured", pa.float64()),
    ("changed", pa.float64()),
    ("feasible", pa.bool_()),
    ("directionless", pa.bool_()),
    ("gradients", pa.int32()),
    ("queries", pa.int32()),
    ("seed", pa.int64()),
)


def schema(measures: Sequence[str]) -> pa.Schema:
    """The Arrow schema of records with these measures.

    >>> schema(["entropy"]).names[8:11]
    ['brier', 'measure:entropy', 'accepted']
    """
    columns = (*_BEFORE, *((MEASURE + name, pa.float64()) for name in measures), *_AFTER)
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns])


def measures_of(records: pa.Table) -> tuple[str, ...]:
    """The names of the measures that records hold, in order."""
    return tuple(name.removeprefix(MEASURE) for name in records.column_names if name.startswith(MEASURE))


def table(columns: Mapping[str, npt.ArrayLike], measures: Sequence[str]) -> pa.Table:
    """Check columns and put them together, in the schema's order and types.

    Args:
        columns: every column of ``schema(measures)``: an array of one value per row, or one value for all rows.
        measures: the names of the measures among them.

    Raises:
        InputError: columns are missing, unknown or of unequal length, or a value does not fit its type or is NaN.
    """
    wanted = schema(measures)
    missing = [name for name in wanted.names if name not in columns]
    unknown = [name for name in columns if name not in wanted.names]
    if missing or unknown:
        raise InputError(f"records expect the columns {wanted.names}; missing {missing}, unknown {unknown}")
    values = {name: np.asarray(columns[name]) for name in wanted.names}
    shapes = {name: value.shape for name, value in values.items()}
    lengths = {shape[0] for shape in shapes.values() if len(shape) == 1}
    if len(lengths) > 1 or any(len(shape) > 1 for shape in shapes.values()):
        raise InputError(f"records expect columns of one length, got the shapes {shapes}")
    rows = lengths.pop() if lengths else 1
    arrays: list[Any] = [
        _column(name, kind, np.broadcast_to(values[name], (rows,)))
        for name, kind in zip(wanted.names, wanted.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=wanted)


def _column(name: str, kind: Any, values: npt.NDArray[Any]) -> Any:
    if name == "variant":
        strange = sorted(set(values.tolist()) - set(VARIANTS))
        if strange:
            raise InputError(f"records expect the variants {list(VARIANTS)}, got {strange}")
        return pa.array(values.tolist(), pa.string()).cast(kind)
    if np.issubdtype(values.dtype, np.floating) and np.isnan(values).any():
        raise InputError(f"records expect numbers in {name}, got NaN in {int(np.isnan(values).sum())} rows")
    try:
        return pa.array(np.ascontiguousarray(values)).cast(kind)
    except pa.ArrowException as error:
        raise InputError(f"records expect {kind} in {name}: {str(error).splitlines()[0]}") from error


def select(
    records: pa.Table, *, variant: str | None = None, radius: float | None = None, repeat: int | None = None
) -> pa.Table:
    """The rows of one variant, radius or repeat, in their order; what is not given is not asked for."""
    if variant is not None and variant not in VARIANTS:
        raise InputError(f"records expect a variant of {list(VARIANTS)}, got {variant!r}")
    keep = np.ones(records.num_rows, dtype=bool)
    for name, wanted in (("variant", variant), ("radius", radius), ("repeat", repeat)):
        if wanted is not None:
            keep &= np.asarray(records.column(name).to_numpy() == wanted)
    return records.filter(pa.array(keep))


def column(records: pa.Table, name: str) -> npt.NDArray[np.generic]:
    """One column as a numpy array."""
    return records.column(name).to_numpy()


def tensor(values: npt.NDArray[Any]) -> Tensor:
    """A column as a tensor of its own."""
    return torch.tensor(values)
