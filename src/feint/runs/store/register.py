"""Writing: a run and all that it speaks of, put in the place of what was known of its folder."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from .entry import Entry, Judged
from .schema import DATA, DETAILS, METRICS, RUN_VICTIMS, RUNS, SUMMARIES, VICTIMS

PARTS = ("settings", "identity", "about", "versions")


def register(connection: Connection, entry: Entry, cwd: str = "") -> int:
    """Put a run into the store; its key.

    Args:
        connection: that writes.
        entry: the run.
        cwd: where its command was given; "" keeps what is known.
    """
    if entry.data_hash is not None:
        _once(connection, DATA, {"hash": entry.data_hash}, entry.data)
    row = entry.row
    key = connection.execute(select(RUNS.c.key).where(RUNS.c.folder == row["folder"])).scalar()
    if key is None:
        found = connection.execute(insert(RUNS).values(**row, cwd=cwd).returning(RUNS.c.key))
        key = int(found.scalar_one())
    else:
        known = {**row, "cwd": cwd} if cwd else row
        connection.execute(update(RUNS).where(RUNS.c.key == key).values(**known))
        for table in (DETAILS, SUMMARIES, RUN_VICTIMS, METRICS):
            connection.execute(delete(table).where(table.c.run == key))
    parts = {name: json.dumps(entry.part(name)) for name in PARTS}
    connection.execute(insert(DETAILS).values(run=key, **parts))
    if entry.summary is not None:
        connection.execute(insert(SUMMARIES).values(run=key, summary=json.dumps(entry.summary)))
    _many(connection, METRICS, ({"run": key, **vars(metric)} for metric in entry.metrics))
    keys = [_victim(connection, victim) for victim in entry.victims if victim.hash]
    _many(connection, RUN_VICTIMS, ({"run": key, "position": at, "victim": each} for at, each in enumerate(keys)))
    return key


def forget(connection: Connection, keys: Sequence[int]) -> None:
    """Take runs out of the store, with the victims and data sets that no other run speaks of."""
    for table in (DETAILS, SUMMARIES, RUN_VICTIMS, METRICS):
        connection.execute(delete(table).where(table.c.run.in_(keys)))
    connection.execute(delete(RUNS).where(RUNS.c.key.in_(keys)))
    connection.execute(delete(VICTIMS).where(~VICTIMS.c.key.in_(select(RUN_VICTIMS.c.victim))))
    spoken = select(RUNS.c.data_hash).where(RUNS.c.data_hash.is_not(None))
    connection.execute(delete(DATA).where(~DATA.c.hash.in_(spoken)))


def _victim(connection: Connection, victim: Judged) -> int:
    return _once(connection, VICTIMS, vars(victim), vars(victim), VICTIMS.c.key)


def _once(connection: Connection, table: Table, wanted: dict[str, Any], row: dict[str, Any], key: Any = None) -> Any:
    """A row that stands once; there is one writer, so to look before writing is enough."""
    key = next(iter(table.primary_key.columns)) if key is None else key
    where = [table.c[name] == value for name, value in wanted.items()]
    found = connection.execute(select(key).where(*where)).scalar()
    return connection.execute(insert(table).values(**row).returning(key)).scalar_one() if found is None else found


def _many(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(insert(table), listed)
