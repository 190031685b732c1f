"""Reading: runs that fit what is asked, and everything about one of them."""

import json
import os
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from feint.errors import StoreError
from feint.runs.folder import files

from .alive import at_work
from .figures import Metric
from .schema import DATA, DETAILS, METRICS, RUN_VICTIMS, RUNS, SUMMARIES, VICTIMS

STATES = ("complete", "running", "interrupted")
SORTED = (
    *("created", "finished", "id", "experiment", "victim", "data", "images"),
    *("accuracy", "aurc", "attacked_aurc", "effective_radius", "radius"),
)


@final
@dataclass(frozen=True)
class Wanted:
    """Which runs; all that is said must hold.

    Attributes:
        experiment: by its name.
        victim: a part of a victim's name, or the beginning of the hash of its weights.
        data: a part of the data's name, or the beginning of their hash.
        state: complete, running or interrupted.
        since: began no earlier, in seconds since 1970.
        text: words that stand somewhere in id, folder, command, victim, estimator, data or attack.
        protocol: only runs whose numbers compare.
        sort: a column, with "-" before it from the largest down.
        limit: so many at most; None for all.
        offset: without the first so many.
    """

    experiment: str | None = None
    victim: str | None = None
    data: str | None = None
    state: str | None = None
    since: float | None = None
    text: tuple[str, ...] = ()
    protocol: str | None = None
    sort: str = "-created"
    limit: int | None = None
    offset: int = 0


@final
@dataclass(frozen=True)
class Listed:
    """A run in a list.

    Attributes:
        key: its number in this store.
        id: its folder's name.
        folder: where it lies.
        cwd: where its command was given; "" if nobody knows.
        experiment: what was run.
        state: complete, running, or interrupted.
        created: when it began, in seconds since 1970.
        finished: when it ended.
        command: that began it; "" for Python.
        victim: names of its victims.
        estimator: how they predict.
        data: where its data come from.
        data_hash: of the data, however many of them were taken.
        images: how many were.
        attack: without its radii.
        measure: that ranks.
        protocol: equal for runs whose numbers compare at one radius.
        accuracy: clean.
        aurc: clean.
        radius: the largest.
        attacked_aurc: at the largest radius.
        effective_radius: at the largest radius.
    """

    key: int
    id: str
    folder: str
    cwd: str
    experiment: str
    state: str
    created: int
    finished: int | None
    command: str
    victim: str
    estimator: str
    data: str
    data_hash: str | None
    images: int | None
    attack: str
    measure: str
    protocol: str
    accuracy: float | None
    aurc: float | None
    radius: float | None
    attacked_aurc: float | None
    effective_radius: float | None


@final
@dataclass(frozen=True)
class Known:
    """Everything that the store knows of a run.

    Attributes:
        run: as in a list.
        settings: resolved.
        identity: of data, weights and code.
        about: what its readers need.
        versions: that it was begun with.
        summary: None before it has ended.
        metrics: what can be compared.
    """

    run: Listed
    settings: Mapping[str, Any]
    identity: Mapping[str, Any]
    about: Mapping[str, Any]
    versions: Mapping[str, Any]
    summary: Mapping[str, Any] | None
    metrics: Sequence[Metric] = field(default=())


_COLUMNS = [RUNS.c[each.name] for each in fields(Listed)]


def runs(connection: Connection, wanted: Wanted) -> list[Listed]:
    """Runs that fit, in the order asked for."""
    query: Select[Any] = select(*_COLUMNS).where(*_where(wanted))
    name = wanted.sort.removeprefix("-")
    if name not in SORTED:
        raise StoreError(f"sort: expected one of {', '.join(SORTED)}, got {name!r}")
    falls = wanted.sort.startswith("-")
    # A run without the value comes last, whichever way; the latest first where values are equal.
    column = RUNS.c[name]
    query = query.order_by(*(() if name == "created" else (column.is_(None),)), column.desc() if falls else column)
    query = query.order_by(RUNS.c.key.desc() if falls or name != "created" else RUNS.c.key)
    if wanted.state in ("running", "interrupted"):  # which of the two is known by looking
        listed = [each for row in connection.execute(query).mappings() if (each := _listed(row)).state == wanted.state]
        return listed[wanted.offset :][: wanted.limit]
    query = query.offset(wanted.offset or None).limit(wanted.limit)
    return [_listed(row) for row in connection.execute(query).mappings()]


def count(connection: Connection, wanted: Wanted) -> int:
    """How many fit, whatever the limit."""
    if wanted.state in ("running", "interrupted"):
        query = select(*_COLUMNS).where(*_where(wanted))
        return sum(_listed(row).state == wanted.state for row in connection.execute(query).mappings())
    return connection.execute(select(func.count()).select_from(RUNS).where(*_where(wanted))).scalar_one()


def _listed(row: Mapping[Any, Any]) -> Listed:
    values = dict(row)
    if values["state"] != "complete":
        values["state"] = _now(Path(values["folder"]))
    return Listed(**values)


def _now(folder: Path) -> str:
    """How far a run is that the store knows as begun."""
    if at_work(folder):
        return "running"
    # Nobody is at work: it may have ended since it was asked for, and the store has not heard of that yet.
    state = files.read_sealed(folder / "run.json")
    return "complete" if state is not None and state.get("state") == "complete" else "interrupted"


def _where(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.experiment is not None:
        found.append(RUNS.c.experiment == wanted.experiment)
    if wanted.state is not None:
        found.append(RUNS.c.state == ("complete" if wanted.state == "complete" else "running"))
    if wanted.since is not None:
        found.append(RUNS.c.created >= int(wanted.since))
    if wanted.protocol is not None:
        found.append(RUNS.c.protocol == wanted.protocol)
    if wanted.data is not None:
        found.append(or_(_contains(RUNS.c.data, wanted.data), _begins(RUNS.c.data_hash, wanted.data)))
    if wanted.victim is not None:
        hashed = select(RUN_VICTIMS.c.run).join(VICTIMS).where(_begins(VICTIMS.c.hash, wanted.victim))
        found.append(or_(_contains(RUNS.c.victim, wanted.victim), RUNS.c.key.in_(hashed)))
    found += [_contains(RUNS.c.searched, word) for word in wanted.text]
    return found


def _contains(column: Any, part: str) -> ColumnElement[bool]:
    return func.lower(column).contains(part.lower(), autoescape=True)


def _begins(column: Any, part: str) -> ColumnElement[bool]:
    return column.startswith(part if re.fullmatch("[0-9a-f]{6,64}", part) else "-", autoescape=True)


def find(connection: Connection, name: str) -> Listed:
    """The run of an id, the beginning of one, or a folder.

    Raises:
        StoreError: there is none, or several.
    """
    if not name:  # which every id begins with
        raise StoreError("run: expected an id, the beginning of one, or a folder, got nothing")
    folder = str(Path(name).absolute())
    for where in (RUNS.c.folder == folder, RUNS.c.id == name, RUNS.c.id.startswith(name, autoescape=True)):
        rows = connection.execute(select(*_COLUMNS).where(where).order_by(RUNS.c.key).limit(5)).mappings().all()
        if len(rows) == 1:
            return _listed(rows[0])
        if rows:
            places = {_listed(row).id: None for row in rows}
            told = list(places) if len(places) > 1 else [_listed(row).folder for row in rows]
            raise StoreError(f"run: expected one, got {name!r}, which is {', '.join(told)}")
    where = "FOLDER looks for more"
    if os.path.lexists(name):
        from feint.runs.run import read_state

        read_state(Path(name))  # what is wrong with it
        where = f"{shlex.quote(name)} adds it"
    raise StoreError(f"run: expected one that the store knows, got {name!r} (feint runs --rescan {where})")


def known(connection: Connection, run: Listed) -> Known:
    """Everything about a run."""
    row = connection.execute(select(DETAILS).where(DETAILS.c.run == run.key)).mappings().one()
    parts = {name: json.loads(row[name]) for name in ("settings", "identity", "about", "versions")}
    text = connection.execute(select(SUMMARIES.c.summary).where(SUMMARIES.c.run == run.key)).scalar()
    summary = None if text is None else json.loads(text)
    return Known(run, **parts, summary=summary, metrics=metrics(connection, [run.key]).get(run.key, []))


def metrics(
    connection: Connection, keys: Collection[int], names: Collection[str] | None = None
) -> dict[int, list[Metric]]:
    """What can be compared, by run: clean first, then attacked, random and rounded by radius."""
    found: dict[int, list[Metric]] = {key: [] for key in keys}
    listed = list(keys)
    for start in range(0, len(listed), 500):  # a statement has room for so many values
        where = [METRICS.c.run.in_(listed[start : start + 500])]
        if names is not None:
            where.append(METRICS.c.name.in_(list(names)))
        order = (METRICS.c.run, METRICS.c.radius, METRICS.c.variant, METRICS.c.name)
        for row in connection.execute(select(METRICS).where(and_(*where)).order_by(*order)).mappings():
            values: dict[str, Any] = {**row}
            found[values.pop("run")].append(Metric(**values))
    return found


def victims(connection: Connection) -> list[dict[str, Any]]:
    """Every victim: name, hash, estimator, in how many runs, and when last."""
    query = (
        select(VICTIMS, func.count().label("runs"), func.max(RUNS.c.created).label("last"))
        .join(RUN_VICTIMS, RUN_VICTIMS.c.victim == VICTIMS.c.key)
        .join(RUNS, RUNS.c.key == RUN_VICTIMS.c.run)
        .group_by(VICTIMS.c.key)
        .order_by(VICTIMS.c.name, VICTIMS.c.key)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def data_sets(connection: Connection) -> list[dict[str, Any]]:
    """Every data set: hash, source, classes, shape, in how many runs, and when last."""
    query = (
        select(DATA, func.count().label("runs"), func.max(RUNS.c.created).label("last"))
        .join(RUNS, RUNS.c.data_hash == DATA.c.hash)
        .group_by(DATA.c.hash)
        .order_by(DATA.c.source, DATA.c.hash)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
