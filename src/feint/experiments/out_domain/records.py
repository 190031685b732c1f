"""Records of a run on foreign inputs: one row per victim, judge, input, attack and radius.

victim            int32    the position of the victim that was attacked
judge             int32    the position of the victim that says this
data              int32    0 of the in-domain images, 1 and up of the foreign ones
sample            int64    the input's index in its data set
label             int64    the true class; null of foreign images
attack            string   what the attack is called; "" for inputs that no attack has touched
radius            float64  the radius asked for, in the attack's own distance; 0 where there is no attack
prediction        int64    the class predicted
log_prob_label    float64  log-probability of the label, in nats; null of foreign images
brier             float64  the Brier term, the mean over classes; null of foreign images
linf              float64  the distance from the original; of members with inputs of their own, the largest
directionless     bool     whether all gradients that the attack took were zero everywhere
gradients         int32    gradients that the attack took
measure:NAME      float64  every measure of uncertainty; null where the judge has no such measure
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from torch import Tensor

from feint import catalog
from feint.victims.records import MEASURE

DOMAIN: Final = 0
"""The position of the in-domain images among the sets of images."""
_arrow: Any = pa  # its stubs leave types unknown
_TEXT = pa.dictionary(pa.int32(), pa.string())
_TYPES: dict[str, pa.DataType] = {
    "victim": pa.int32(),
    "judge": pa.int32(),
    "data": pa.int32(),
    "sample": pa.int64(),
    "label": pa.int64(),
    "attack": _TEXT,
    "radius": pa.float64(),
    "prediction": pa.int64(),
    "log_prob_label": pa.float64(),
    "brier": pa.float64(),
    "linf": pa.float64(),
    "directionless": pa.bool_(),
    "gradients": pa.int32(),
    **{MEASURE + name: pa.float64() for name in catalog.MEASURES},
}
MAYBE: Final = frozenset(("label", "log_prob_label", "brier", *(MEASURE + name for name in catalog.MEASURES)))
SCHEMA = pa.schema([pa.field(name, kind, nullable=name in MAYBE) for name, kind in _TYPES.items()])


def table(columns: Mapping[str, Any], rows: int) -> pa.Table:
    """Columns of one value per row, of one value for all, or of nothing, in the schema's order and types."""
    arrays: list[Any] = []
    for name, kind in _TYPES.items():
        value: Any = columns.get(name)
        if isinstance(value, Tensor):
            arrays.append(_arrow.array(value.cpu().numpy()).cast(kind))
        elif isinstance(value, str) or value is None:
            arrays.append(_arrow.array([value] * rows, kind))
        else:
            arrays.append(_arrow.array(np.full(rows, value)).cast(kind))
    return pa.table(arrays, schema=SCHEMA)
