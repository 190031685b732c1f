"""Runs as a file for others: a row for each metric of each run, with all that makes them comparable."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from feint.runs.folder import files
from feint.runs.store.figures import Metric
from feint.runs.store.listing import Listed

_LATER = ("accuracy", "aurc", "radius", "attacked_aurc", "effective_radius")
"""Columns of a list that are metrics, and so rows of their own here."""
RUN = tuple(each.name for each in fields(Listed) if each.name not in _LATER)
METRIC = tuple(each.name for each in fields(Metric))


def export(file: Path, runs: Sequence[Listed], metrics: Mapping[int, Sequence[Metric]]) -> int:
    """Write a file; how many rows. A run without metrics has one row.

    Raises:
        StoreError: it cannot be written.
    """
    rows = [
        {**{name: getattr(run, name) for name in RUN}, **(asdict(each) if each else dict.fromkeys(METRIC))}
        for run in runs
        for each in metrics[run.key] or [None]
    ]
    if file.suffix == ".csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, [*RUN, *METRIC], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _safe(each) for name, each in row.items()} for row in rows)
        files.write_bytes(file, text.getvalue().encode("utf-8", "backslashreplace"))
    else:
        _parquet(file, rows)
    return len(rows)


def _safe(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _parquet(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet: Any = pq
    whole, numbers = ("key", "created", "finished", "images"), ("radius", "value", "std", "own")
    kinds = dict.fromkeys(whole, pa.int64()) | dict.fromkeys(numbers, pa.float64())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in (*RUN, *METRIC)])
    texts = [
        {
            name: each.encode("utf-8", "backslashreplace").decode() if isinstance(each, str) else each
            for name, each in row.items()
        }
        for row in rows
    ]
    table: Any = pa.Table.from_pylist(texts, schema)
    files.write(file, lambda stream: parquet.write_table(table, stream))
