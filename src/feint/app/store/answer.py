"""An answer to a query as text, CSV or JSON; CSV and JSON are written row by row, however many there are."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from feint.app.store.listing import cut
from feint.printable import aligned
from feint.runs.store.query import Answer

SHOWN = 1000
"""Rows of a table in a terminal."""


def written(answer: Answer, kind: str) -> Iterator[str]:
    """Parts of the output, lines each."""
    if kind == "text":
        yield from _text(answer)
    elif kind == "json":
        yield from _json(answer)
    else:
        yield from _csv(answer)


def _text(answer: Answer) -> Iterator[str]:
    rows = [[_cell(value) for value in row] for row in islice(answer.rows, SHOWN)]
    numbers = [kind in ("INTEGER", "BIGINT", "DOUBLE", "FLOAT", "SMALLINT", "HUGEINT") for kind in answer.types]
    yield aligned([[cut(name, 40) for name in answer.names]], rows, [not number for number in numbers])
    if next(answer.rows, None) is not None:
        yield f"\nthe first {SHOWN:,} rows; --format csv or json gives all"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else cut(str(value), 60)


def _csv(answer: Answer) -> Iterator[str]:
    yield _line(answer.names)
    for row in answer.rows:
        yield _line(row)


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _json(answer: Answer) -> Iterator[str]:
    """A list of objects; what JSON has no form for, such as a date, as text."""
    before = "["
    for row in answer.rows:
        yield before + json.dumps(dict(zip(answer.names, row, strict=True)), default=str)
        before = ","
    yield "[]" if before == "[" else "]"
