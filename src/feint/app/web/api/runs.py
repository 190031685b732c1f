"""Runs: the list, one run, its report and its records."""

import asyncio
import csv
import io
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from feint.app.web import admission
from feint.app.web.desk import Desk
from feint.app.web.security import REPORT
from feint.app.web.shelf import Entry
from feint.errors import SpecError, StoreError
from feint.reports.data import data
from feint.runs.run import read_state

READ = "feint.app.web.reading.runs"
MOST_ROWS = 1_000_000
MOST_KEPT = 256
JSON = "application/json"
FILES = ("run.json", "summary.json")


class Listed(BaseModel):
    """A run in a list; what its fields mean is as in `shelf.Entry`."""

    id: str
    experiment: str
    state: str
    created: str
    data: str
    images: int | None
    victim: str
    estimator: str
    attack: str
    measure: str
    protocol: str
    stochastic: bool
    numbers: dict[str, float]
    command: str


class Page(BaseModel):
    """Some of the runs, and how many there are that fit."""

    total: int
    runs: list[Listed]


class Rows(BaseModel):
    """Some rows of a table, and how many there are that fit."""

    total: int
    rows: list[dict[str, Any]]


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    found = APIRouter(tags=["runs"])

    kept: dict[Any, Any] = {}

    @found.get("/runs", response_model=Page)
    async def listed(
        experiment: str | None = None,
        state: str | None = None,
        find: Annotated[str, Query(max_length=200, description="words that stand somewhere in a run")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> Response:
        """Runs that fit, the newest first."""
        entries, asked = desk.shelf.entries(), (experiment, state, find, limit, offset)
        if kept.get("of") is not entries:  # what was said of the same list need not be said anew
            kept.clear()
            kept["of"] = entries
        if asked not in kept:
            words = find.lower().split()
            fit = [
                each
                for each in entries
                if experiment in (None, each.experiment) and state in (None, each.state) and _has(each, words)
            ]
            page = Page(total=len(fit), runs=[_listed(each) for each in fit[offset : offset + limit]])
            if len(kept) > MOST_KEPT:
                kept.clear()
                kept["of"] = entries
            kept[asked] = page.model_dump_json().encode()
        return Response(kept[asked], media_type=JSON)

    @found.get("/runs/{run}", response_model=dict[str, Any])
    async def one(run: str) -> Response:
        """A run's settings, and the command that repeats it."""
        path = desk.shelf.path(run)
        changed = tuple(place.stat().st_mtime_ns for name in FILES if (place := path / name).exists())
        return Response(_told(path, changed, _listed(desk.shelf.entry(run)).model_dump_json()), media_type=JSON)

    @found.get("/runs/{run}/summary", response_model=dict[str, Any])
    async def summary(run: str) -> Response:
        """A run's summary: its numbers."""
        try:
            content = (desk.shelf.path(run) / "summary.json").read_bytes()
        except OSError as error:
            raise StoreError(f"{run}: expected a run that is complete, got one without a summary") from error
        return Response(content, media_type=JSON)

    @found.get("/runs/{run}/report.json")
    async def report(run: str) -> dict[str, Any]:
        """A run's report as data, with its charts in Vega-Lite; of a run that is not done, of what is there."""
        return data(await desk.report(run), charts=True)

    @found.get("/runs/{run}/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
    async def page(run: str) -> Response:
        """A run's report as one page that opens offline."""
        place = desk.shelf.path(run) / "report.html"
        if not place.is_file():
            raise StoreError(f"{run}: expected a run that is complete, got one without a report")
        heads = {"content-security-policy": REPORT}
        return Response(await asyncio.to_thread(place.read_bytes), media_type="text/html", headers=heads)

    @found.get("/runs/{run}/figures")
    async def figures(run: str) -> list[str]:
        """The names of a run's figures."""
        return sorted(place.name for place in (desk.shelf.path(run) / "figures").glob("*.svg"))

    @found.get(
        "/runs/{run}/figures/{name}", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}}
    )
    async def figure(run: str, name: str) -> Response:
        """One of them, as SVG."""
        if name not in await figures(run):
            raise StoreError(f"figure: expected one of the run, got {name[:60]!r}")
        content = await asyncio.to_thread((desk.shelf.path(run) / "figures" / name).read_bytes)
        heads = {"content-disposition": f'attachment; filename="{admission.name(name)}"'}
        return Response(content, media_type="image/svg+xml", headers=heads)

    @found.get("/runs/{run}/tables", tags=["records"])
    async def tables(run: str) -> dict[str, Any]:
        """The tables of a run: their columns, and how many rows."""
        return await desk.reader.call(f"{READ}:tables", path=desk.shelf.path(run))

    @found.get("/runs/{run}/tables/{table}", tags=["records"])
    async def rows(
        request: Request,
        run: str,
        table: str,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> Rows:
        """Rows of a table; further parameters choose those with a value, such as ``variant=attacked``."""
        where = {name: value for name, value in request.query_params.items() if name not in ("limit", "offset")}
        path = desk.shelf.path(run)
        asked: dict[str, Any] = {"path": path, "table": table, "where": where, "start": offset, "count": limit}
        return Rows(**await desk.reader.call(f"{READ}:rows", **asked))

    @found.get(
        "/runs/{run}/records.csv",
        tags=["records"],
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def records(run: str, table: str = "records") -> Response:
        """A whole table as CSV."""
        path, parts, start = desk.shelf.path(run), list[dict[str, Any]](), 0
        while True:
            asked: dict[str, Any] = {"path": path, "table": table, "where": {}, "start": start, "count": 1000}
            got = await desk.reader.call(f"{READ}:rows", **asked)
            if got["total"] > MOST_ROWS:
                raise SpecError(
                    f"records: expected at most {MOST_ROWS} rows as CSV, got {got['total']}; use feint runs"
                )
            parts += got["rows"]
            start += len(got["rows"])
            if not got["rows"] or start >= got["total"]:
                break
        heads = {"content-disposition": f'attachment; filename="{run}-{len(parts)}.csv"'}
        return Response(_csv(parts), media_type="text/csv", headers=heads)

    return found


@lru_cache(maxsize=512)
def _told(path: Path, changed: tuple[int, ...], entry: str) -> bytes:
    """What is said of a run, as long as its files do not change."""
    state = read_state(path)
    told = ("settings", "about", "versions", "created", "finished", "stages")
    return json.dumps({**json.loads(entry), **{name: state.get(name) for name in told}}).encode()


def _listed(entry: Entry) -> Listed:
    return Listed(**{name: value for name, value in asdict(entry).items() if name in Listed.model_fields})


def _has(entry: Entry, words: list[str]) -> bool:
    if not words:
        return True
    parts = (entry.id, entry.experiment, entry.data, entry.victim, entry.estimator, entry.attack)
    text = " ".join(parts).lower()
    return all(word in text for word in words)


def _csv(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: f"'{v}" if isinstance(v, str) and v[:1] in "=+-@" else v for key, v in row.items()} for row in rows
    )
    return file.getvalue()
