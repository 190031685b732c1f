"""Jobs: what was asked for in the workbench, and how far it is; they outlive the process that began them."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from secrets import token_hex
from typing import Any, Final, final

from sqlalchemy import Connection, delete, insert, select, update

from feint.errors import StoreError

from .schema import JOBS

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
ENDED: Final = (DONE, FAILED, CANCELLED)


@final
@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        id: that nobody can guess.
        spec: what is to be run, as ``feint run`` reads it.
        state: queued, running, done, failed or cancelled.
        created: in seconds since 1970.
        started: likewise; None before.
        ended: likewise.
        progress: 0 to 1; None where nobody knows.
        message: what is to be said of it, such as why it failed.
        log: the file of its output; "" before it starts.
        folder: of its run; "" before it is known.
        run_id: likewise.
        pid: of its process.
        owner: whose it is: a session's name.
        cancel: whether somebody asked to stop it.
    """

    id: str
    spec: Mapping[str, Any]
    state: str
    created: float
    started: float | None
    ended: float | None
    progress: float | None
    message: str
    log: str
    folder: str
    run_id: str
    pid: int | None
    owner: str
    cancel: bool


CHANGES = tuple(each.name for each in fields(Job) if each.name not in ("id", "spec", "created", "owner"))


def add(connection: Connection, spec: Mapping[str, Any], owner: str = "") -> Job:
    """Queue a job."""
    job = token_hex(8)
    values: dict[str, Any] = {"spec": json.dumps(spec), "state": QUEUED, "created": time.time(), "owner": owner}
    empty: dict[str, Any] = {"message": "", "log": "", "folder": "", "run_id": "", "cancel": 0}
    connection.execute(insert(JOBS).values(id=job, **values, **empty))
    return get(connection, job)


def get(connection: Connection, job: str) -> Job:
    """The job of an id.

    Raises:
        StoreError: there is none.
    """
    row = connection.execute(select(JOBS).where(JOBS.c.id == job)).mappings().one_or_none()
    if row is None:
        raise StoreError(f"job: expected one that the store knows, got {job!r}")
    return _job(row)


def jobs(
    connection: Connection, states: Collection[str] = STATES, owner: str | None = None, limit: int | None = None
) -> list[Job]:
    """Jobs in these states, the latest first."""
    query = select(JOBS).where(JOBS.c.state.in_(list(states))).order_by(JOBS.c.created.desc(), JOBS.c.id).limit(limit)
    if owner is not None:
        query = query.where(JOBS.c.owner == owner)
    return [_job(row) for row in connection.execute(query).mappings()]


def claim(connection: Connection, pid: int, log: str = "") -> Job | None:
    """Take the job that has waited longest, and mark it as running; None where none waits.

    There is one writer, so no two can take the same.
    """
    query = select(JOBS.c.id).where(JOBS.c.state == QUEUED, JOBS.c.cancel == 0).order_by(JOBS.c.created, JOBS.c.id)
    first = connection.execute(query.limit(1)).scalar()
    return None if first is None else change(connection, first, state=RUNNING, pid=pid, log=log)


def change(connection: Connection, job: str, **values: Any) -> Job:
    """Say how a job is now; times of starting and ending follow from its state.

    Raises:
        StoreError: there is no such job, or no such thing to say, or it has ended.
    """
    before = get(connection, job)
    strange = [name for name in values if name not in CHANGES]
    state = values.get("state", before.state)
    if strange or state not in STATES:
        raise StoreError(
            f"job: expected changes of {', '.join(CHANGES)} and a state of {', '.join(STATES)}, got {values}"
        )
    if before.state in ENDED:
        raise StoreError(f"job {job}: expected one that has not ended, got one that is {before.state}")
    if state == RUNNING and before.started is None:
        values.setdefault("started", time.time())
    if state in ENDED:
        values.setdefault("ended", time.time())
    if "cancel" in values:
        values["cancel"] = int(values["cancel"])
    connection.execute(update(JOBS).where(JOBS.c.id == job).values(**values))
    return get(connection, job)


def cancel(connection: Connection, job: str) -> Job:
    """Ask to stop a job: one that waits is cancelled, one that runs is to be stopped by whoever runs it."""
    found = get(connection, job)
    if found.state in ENDED:
        return found
    return change(connection, job, **({"state": CANCELLED} if found.state == QUEUED else {"cancel": True}))


def again(connection: Connection, job: str) -> Job:
    """Queue a job once more that has ended, or whose process is gone; its run goes on from what it has.

    Raises:
        StoreError: it waits already.
    """
    if get(connection, job).state == QUEUED:
        raise StoreError(f"job {job}: expected one that has begun, got one that is queued")
    empty = {"started": None, "ended": None, "pid": None, "cancel": 0, "message": ""}
    connection.execute(update(JOBS).where(JOBS.c.id == job).values(state=QUEUED, **empty))
    return get(connection, job)


def remove(connection: Connection, job: str) -> None:
    """Forget a job."""
    connection.execute(delete(JOBS).where(JOBS.c.id == job))


def _job(row: Mapping[Any, Any]) -> Job:
    values: dict[str, Any] = {**row, "spec": json.loads(row["spec"]), "cancel": bool(row["cancel"])}
    return Job(**values)
