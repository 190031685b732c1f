"""A table of a run, read by column and by row, a piece at a time: memory follows what is asked for."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast, final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feint.errors import StoreError

from . import files

_parquet: Any = pq  # its stubs leave types unknown
_compute: Any = pc
_array: Any = pa.array

KEPT: Final = 32 << 20
"""Bytes of pieces that a table keeps once they are read: of a small run the same rows are asked for many times over."""


@final
class Table:
    """One table of a run, in the order of its pieces.

    Args:
        name: what it is called.
        paths: its files, a piece each.
    """

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self._paths = tuple(paths)
        self._kept: dict[tuple[Path, tuple[str, ...] | None], pa.Table] = {}

    def __len__(self) -> int:
        """Rows."""
        return sum(_explained(path, _parquet.read_metadata).num_rows for path in self._paths)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        if not self._paths:
            return ()
        return tuple(_explained(self._paths[0], _parquet.read_schema).names)

    def batches(self, columns: Sequence[str] | None = None, /, **where: Any) -> Iterator[pa.Table]:
        """Piece after piece.

        Args:
            columns: which; None for all.
            where: column -> the value, or the collection of values, that a row must have; any name will do.

        Raises:
            StoreError: a file cannot be read.
        """
        wanted = None if columns is None else list(dict.fromkeys((*columns, *where)))
        for path in self._paths:
            table = self._piece(path, wanted)
            for name, value in where.items():
                table = table.filter(_matches(table.column(name), value))
            yield table if columns is None else table.select(list(columns))

    def _piece(self, path: Path, wanted: list[str] | None) -> pa.Table:
        key = (path, None if wanted is None else tuple(wanted))
        if key in self._kept:
            return self._kept[key]
        table: pa.Table = _explained(path, _columns, wanted=wanted)
        if table.nbytes + sum(kept.nbytes for kept in self._kept.values()) <= KEPT:
            self._kept[key] = table
        return table

    def read(self, columns: Sequence[str] | None = None, /, **where: Any) -> pa.Table:
        """All pieces as one table; arguments as in `batches`."""
        pieces = list(self.batches(columns, **where))
        if not pieces:
            raise StoreError(f"expected a table {self.name}, got none; run the same command again to make it anew")
        return pa.concat_tables(pieces).unify_dictionaries().combine_chunks()

    def column(self, name: str, /, **where: Any) -> npt.NDArray[Any]:
        """One column."""
        return self.read([name], **where).column(name).to_numpy()

    def distinct(self, name: str, /, **where: Any) -> list[Any]:
        """The values of a column, each once, in the order they come in."""
        found: dict[Any, None] = {}
        for piece in self.batches([name], **where):
            found |= dict.fromkeys(_compute.unique(piece.column(name)).to_pylist())
        return list(found)


def _columns(path: Path, wanted: list[str] | None) -> pa.Table:
    """Columns of one file; by itself, for as a data set of one piece it would take twice as long."""
    with _parquet.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read(wanted, use_threads=False)


def _matches(column: Any, value: Any) -> Any:
    if isinstance(value, Collection) and not isinstance(value, str):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        values = _array(list(cast(Collection[Any], value)), kind)
        return _compute.is_in(column, value_set=values)
    if isinstance(value, float):  # compared as the numbers that they are, not as texts
        return _array(np.asarray(column.to_numpy() == value))
    return _compute.equal(column, value)


def _explained(path: Path, read: Any, **how: Any) -> Any:
    try:
        return read(files.regular(path), **how)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path} cannot be read: {str(error).splitlines()[0]}; run again to make it anew") from error
