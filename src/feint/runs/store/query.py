"""Records asked with SQL: DuckDB in memory, over Parquet files that are named one by one.

It reads those files and nothing else: no other file, no network, no extension, no setting can be reached from a query,
and only one SELECT is taken.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

from sqlalchemy import ColumnElement, case, func, select

from feint.errors import SpecError, StoreError
from feint.printable import printable
from feint.runs.folder.files import regular

from .schema import DATA, METRICS, RUN_VICTIMS, RUNS, VICTIMS
from .store import Store

_ROWS = 1000
OWN = ("runs", "victims", "data_sets", "metrics")
_FROM_THE_START = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
_SETTINGS = {
    "temp_directory": "''",
    "memory_limit": "'2GB'",
    "enable_external_access": "false",
    "lock_configuration": "true",
}


@final
@dataclass(frozen=True)
class Answer:
    """What a query came to.

    Attributes:
        names: of the columns.
        types: theirs, as DuckDB calls them.
        rows: read as they are asked for.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def ask(store: Store, sql: str) -> Answer:
    """Ask the records of a store's runs.

    Args:
        store: whose runs.
        sql: one SELECT.

    Raises:
        SpecError: it is none, names a table that is not there, or DuckDB does not understand it.
        StoreError: a file cannot be read.
    """
    try:
        import duckdb
    except ImportError as error:
        raise SpecError("query: expected DuckDB to be installed: pip install 'feint[query]'") from error
    library: Any = duckdb
    connection: Any = library.connect(":memory:", config=_FROM_THE_START)
    try:
        _check(connection, sql)
        files = _place(connection, store, _tables(connection, sql))
        connection.execute(f"SET allowed_paths = [{', '.join(_quoted(str(path)) for path in files)}]")
        for name, value in _SETTINGS.items():
            connection.execute(f"SET {name} = {value}")
        found = connection.execute(sql)
    except library.Error as error:
        raise SpecError(f"query: {_reason(error)}") from error
    columns = cast(list[tuple[Any, ...]], found.description)
    rows = _rows(connection, library.Error)
    return Answer(tuple(str(each[0]) for each in columns), tuple(str(each[1]) for each in columns), rows)


def _rows(connection: Any, wrong: type[Exception]) -> Iterator[tuple[Any, ...]]:
    try:
        while some := connection.fetchmany(_ROWS):
            yield from some
    except wrong as error:
        raise StoreError(f"query: {_reason(error)}") from error
    finally:
        connection.close()


def _reason(error: Exception) -> str:
    return printable(" ".join(str(error).split("\n\nLINE")[0].split()))


def _check(connection: Any, sql: str) -> None:
    """Raise a SpecError for anything but one SELECT."""
    statements = connection.extract_statements(sql)
    kinds = [str(each.type).rsplit(".", 1)[-1].removesuffix("_STATEMENT").removesuffix("_TYPE") for each in statements]
    if kinds != ["SELECT"]:
        raise SpecError(f"query: expected one SELECT, got {' and '.join(kinds) or 'nothing'}")


def _tables(connection: Any, sql: str) -> list[list[str]]:
    """The tables that a query names, each as schema and name; it is parsed only, for to bind it might read files."""
    ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    found: dict[tuple[str, ...], None] = {}
    for node in _nodes(json.loads(text)):
        if node.get("type") == "BASE_TABLE" and not node.get("catalog_name"):
            name = (str(node.get("schema_name") or ""), str(node.get("table_name") or ""))
            found[tuple(part for part in name if part)] = None
    return [list(name) for name in found]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield cast(dict[str, Any], node)
        if isinstance(node, dict | list):
            waiting += cast(dict[str, Any], node).values() if isinstance(node, dict) else cast(list[Any], node)


def _place(connection: Any, store: Store, names: list[list[str]]) -> list[Path]:
    """Make the tables that a query names; the files that they read."""
    files: list[Path] = []
    for name in names:
        if len(name) == 1 and name[0] in OWN:
            connection.register(name[0], _own(store, name[0]))
        elif len(name) == 2:
            owner, table = name
            paths = _paths(store, owner, table)
            _view(connection, owner, table, paths)
            files += paths
    return files


def _view(connection: Any, schema: str, table: str, paths: list[Path]) -> None:
    listed = ", ".join(_quoted(str(path)) for path in paths)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_name(schema)}")
    # The run is the third from the end of RUN/tables/TABLE/PIECE.parquet, counted without the file.
    connection.execute(
        f"CREATE VIEW {_name(schema)}.{_name(table)} AS SELECT string_split(filename, '/')[-4] AS run, "
        f"* EXCLUDE (filename) FROM read_parquet([{listed}], union_by_name = true, filename = true)"
    )


def _paths(store: Store, owner: str, table: str) -> list[Path]:
    """Files of a table, of one run or of all runs of an experiment.

    Raises:
        SpecError: there is neither, or it has no such table.
        StoreError: a file of it cannot be read.
    """
    with store.database.reading() as connection:
        query = select(RUNS.c.id, RUNS.c.folder).where((RUNS.c.id == owner) | (RUNS.c.experiment == owner))
        query = query.order_by(RUNS.c.state != "complete", RUNS.c.key.desc())
        rows = [(str(id_), Path(folder)) for id_, folder in connection.execute(query)]
    of_runs: dict[str, list[Path]] = {}
    for id_, folder in rows if _plain(table) else ():
        if not of_runs.get(id_):  # a copy, which has the same records, may be gone
            of_runs[id_] = sorted((folder / "tables" / table).glob("*.parquet"))
    found = [path for paths in of_runs.values() for path in paths]
    if not found:
        tables = sorted({each.name for _, folder in rows for each in (folder / "tables").glob("*") if each.is_dir()})
        there = (
            f"one of its tables {', '.join(tables)}" if tables else "the id of a run, or an experiment that has runs"
        )
        raise SpecError(f"query: expected {there}, got {owner}.{table}")
    for path in found:
        try:
            regular(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    return found


def _once() -> ColumnElement[bool]:
    """Each run once, though it may lie in several folders: the latest copy that is complete, or else the latest.

    Runs of one id have the same records to the bit: to read both would count every row twice.
    """
    complete = func.max(case((RUNS.c.state == "complete", RUNS.c.key)))
    return RUNS.c.key.in_(select(func.coalesce(complete, func.max(RUNS.c.key))).group_by(RUNS.c.id))


def _plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) is not None


def _own(store: Store, name: str) -> Any:
    """A table of the store, as Arrow."""
    import pyarrow as pa

    apart = ("searched", "cwd", "key")
    queries: dict[str, Any] = {
        "runs": select(RUNS.c.id.label("run"), *(each for each in RUNS.c if each.name not in (*apart, "id"))),
        "data_sets": select(DATA),
        "victims": select(RUNS.c.id.label("run"), VICTIMS.c.name, VICTIMS.c.hash, VICTIMS.c.estimator)
        .join(RUN_VICTIMS, RUN_VICTIMS.c.victim == VICTIMS.c.key)
        .join(RUNS, RUNS.c.key == RUN_VICTIMS.c.run),
        "metrics": select(RUNS.c.id.label("run"), *(each for each in METRICS.c if each.name != "run")).join(
            RUNS, RUNS.c.key == METRICS.c.run
        ),
    }
    kinds = {"String": pa.string(), "Text": pa.string(), "Place": pa.string(), "Float": pa.float64()}
    with store.database.reading() as connection:
        query = queries[name] if name == "data_sets" else queries[name].where(_once())
        found = connection.execute(query)
        columns = [
            (each.name, kinds.get(type(each.type).__name__, pa.int64())) for each in queries[name].selected_columns
        ]
        rows = [[_text(value) for value in row] for row in found]
    values: list[Any] = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
    arrays: list[Any] = [cast(Any, pa.array)(value, kind) for value, (_, kind) in zip(values, columns, strict=True)]
    return cast(Any, pa.table)(arrays, names=[label for label, _ in columns])


def _text(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
