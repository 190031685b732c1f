"""Records of a detection run: one row per input, attack, radius, kind and repeat.

victim            int64    the victim's position
sample            int64    the input's index in its data set
label             int64    the true class
clean_prediction  int64    the class predicted for the clean input, with the draws that the attack sees
attack            string   what the attack is called; "" for inputs that no attack has touched
radius            float64  the radius asked for, in the attack's own distance; 0 where there is no attack
kind              string   see KINDS
repeat            int64    which set of fresh draws; 0 for a victim that draws nothing
prediction        int64    the class predicted
linf, l2          float64  the distance from the original
directionless     bool     whether all gradients that the attack took were zero everywhere
measure:NAME      float64  every measure of uncertainty; null where the victim has no such measure
released:NAME     float64  as the released experiment computes them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch import Tensor

from feint import catalog
from feint.runs.folder.tables import Table
from feint.victims.records import MEASURE

Noise = Literal["noise", "grey"]
"""Gaussian noise as large as the perturbation, and the released experiment's."""
GREY: Noise = "grey"
POSITIVE: Mapping[Noise, str] = {"noise": "attacked", GREY: "clipped"}
"""The kind of attacked inputs that goes with each: the released experiment clips its attacked images, and only those,
to bounds that cut into every image."""
CLIPPED_ONLY = "clean, clipped"
"""Inputs clipped to these bounds and not attacked: what of a detector's score is the bounds'."""
KINDS = ("clean", CLIPPED_ONLY, "attacked", "noise", "clipped", GREY)
RELEASED = "released:"
"""Columns that hold the released experiment's measures begin so."""
RELEASED_MEASURES = ("predictive_entropy", "mutual_information")

_arrow: Any = pa  # its stubs leave types unknown
_TEXT = pa.dictionary(pa.int32(), pa.string())
_TYPES: dict[str, pa.DataType] = {
    "victim": pa.int64(),
    "sample": pa.int64(),
    "label": pa.int64(),
    "clean_prediction": pa.int64(),
    "attack": _TEXT,
    "radius": pa.float64(),
    "kind": _TEXT,
    "repeat": pa.int64(),
    "prediction": pa.int64(),
    "linf": pa.float64(),
    "l2": pa.float64(),
    "directionless": pa.bool_(),
    **{MEASURE + name: pa.float64() for name in catalog.MEASURES},
    **{RELEASED + name: pa.float64() for name in RELEASED_MEASURES},
}
MAYBE = frozenset(MEASURE + name for name in catalog.MEASURES)
SCHEMA = pa.schema([pa.field(name, kind, nullable=name in MAYBE) for name, kind in _TYPES.items()])


def table(columns: Mapping[str, Any], rows: int) -> pa.Table:
    """Columns of one value per row, of one value for all, or of nothing, in the schema's order and types."""
    arrays: list[Any] = []
    for name, kind in _TYPES.items():
        value: Any = columns[name]
        if isinstance(value, Tensor):
            arrays.append(pa.array(value.cpu().numpy(), kind))
        elif isinstance(value, str) or value is None:
            arrays.append(_arrow.array([value] * rows, kind))
        else:
            arrays.append(pa.array(np.full(rows, value), kind))
    return pa.table(arrays, schema=SCHEMA)


@final
@dataclass(frozen=True, eq=False)
class Records:
    """The records of one victim, by column.

    Attributes:
        table: of one victim.
    """

    table: pa.Table

    @classmethod
    def of(cls, table: Table, victim: int) -> "Records":
        """One victim's, of all records."""
        return cls(table.read(victim=victim))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self._held:
            column: Any = self.table.column(name).combine_chunks()
            if pa.types.is_dictionary(column.type):
                names = np.asarray(column.dictionary.to_pylist(), dtype=object)
                self._held[name] = names[column.indices.to_numpy()]
            else:
                self._held[name] = column.to_numpy(zero_copy_only=False)
        return self._held[name]

    @cached_property
    def _held(self) -> dict[str, npt.NDArray[Any]]:
        return {}

    @property
    def attacks(self) -> list[tuple[str, float]]:
        """Names and radii of the attacks, in their order."""
        pairs = zip(self["attack"].tolist(), self["radius"].tolist(), strict=True)
        return [pair for pair in dict.fromkeys(pairs) if pair[0]]
