"""Runs: a table to sort and filter, and several of them to compare."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.frame import frame, link, text, wrong
from feint.app.web.shelf import Entry
from feint.errors import FeintError
from feint.reports.formats import percent, radius, times1000
from feint.reports.images import data_uri
from feint.reports.names import clean

HEADS = (
    Head("run", "run", name=True),
    Head("experiment", "experiment", name=True),
    Head("data", "data", name=True),
    Head("victim", "victim", name=True),
    Head("estimator", "estimator", name=True),
    Head("attack", "attack", name=True),
    Head("accuracy", "accuracy", "%"),
    Head("aurc", "AURC", "× 1000, clean"),
    Head("attacked", "AURC", "× 1000, attacked"),
    Head("radius", "radius", "largest"),
    Head("state", "state", name=True),
    Head("begun", "begun", name=True),
)
FACETS = (1, 2, 4, 5, 10)
FOLDER = Head("folder", "folder", name=True)
"""A column that stands where the runs lie in several."""
MOST = 2000
"""Runs that a page lists."""


def register(desk: Desk) -> None:
    """The first page."""

    @ui.page("/")
    async def runs() -> None:
        entries = await asyncio.to_thread(desk.shelf.entries)
        several = len({each.folder for each in entries}) > 1
        heads, facets = ((*HEADS, FOLDER), (*FACETS, len(HEADS))) if several else (HEADS, FACETS)
        lead = "All that the store knows: click a run to see its report; pick some to compare."
        if len(entries) > MOST:
            lead += f" These are the latest {MOST:,} of {len(entries):,}; feint runs finds the others."
        with frame("Runs", "Runs", lead):
            if not entries:
                _empty()
                await _digits(desk)
                return
            chosen: list[str] = []
            with ui.element("div").classes("bar"):
                go = link("Compare the picked runs", "/compare").classes("button main")
                told = text("p", "Pick at least two.", "wait").props('aria-live="polite"')
                go.set_visibility(False)

            def picked(keys: list[str]) -> None:
                chosen[:] = keys
                go._props["href"] = f"/compare?runs={quote(','.join(keys))}"  # pyright: ignore[reportPrivateUsage]
                go.set_visibility(len(keys) > 1)
                go.update()
                told.set_text("Pick at least two." if len(keys) < 2 else f"{len(keys)} runs picked.")

            with ui.element("div").classes("card"):
                rows = lines(entries, several)
                grid = Grid(heads, rows, caption="Runs", facets=facets, search=True, keep=True, on_picked=picked)

            async def renew() -> None:
                found = await asyncio.to_thread(desk.shelf.entries)
                if found != state[0]:
                    state[0] = found
                    grid.show(lines(found, several))

            state = [entries]
            ui.timer(3.0, renew)


def _empty() -> None:
    """What there is to do with an empty store."""
    with ui.element("div").classes("card"):
        text("h2", "No runs yet")
        text("p", "The demo audits a small network on scikit-learn's handwritten digits, in under a minute.")
        with ui.element("div").classes("bar"):
            link("Run the demo", "/new?experiment=audit").classes("button main")
            link("Attack a digit", "/attack").classes("button")
            link("Take the tour", "/learn").classes("button")


async def _digits(desk: Desk) -> None:
    """The embedded digits at once, each of which leads to its attack."""
    with ui.element("div").classes("card"):
        text("h2", "The embedded digits")
        text("p", "Click one to attack it.")
        place = ui.element("div").classes("thumbs large")
        with place:
            text("p", "Reading them …", "wait")
    await ui.context.client.connected()
    try:
        found = await desk.reader.call("feint.app.web.studio.pictures:digits")
    except FeintError as error:
        place.clear()
        with place:
            wrong(str(error))
        return
    place.clear()
    with place:
        for each in found:
            with link("", f"/attack?image={each['index']}"):
                picture = ui.element("img")
                picture._props |= {  # pyright: ignore[reportPrivateUsage]
                    "src": data_uri(each["png"]),
                    "alt": f"a handwritten {each['label']}",
                }


def lines(entries: Sequence[Entry], several: bool) -> list[Line]:
    """A row for each run; where they lie in several folders, it says in which."""
    return [
        Line(each.id, (*_cells(each), *([Cell(clean(each.folder), each.folder)] if several else [])))
        for each in entries[:MOST]
    ]


def _cells(each: Entry) -> tuple[Cell, ...]:
    told = each.numbers.get
    numbers = [
        (told("accuracy"), percent(1)),
        (told("aurc"), times1000(1)),
        (told("attacked_aurc"), times1000(1)),
        (told("radius"), radius),
    ]
    day, _, time = each.created.partition("T")
    return (
        Cell(each.id, each.id, f"/run/{quote(each.id)}"),
        *(Cell(clean(name), name) for name in (each.experiment, each.data, each.victim, each.estimator, each.attack)),
        *(Cell(format(value) if value is not None else "–", value) for value, format in numbers),
        Cell(each.state, each.state),
        Cell(f"{day} {time[:5]}", each.created),
    )
