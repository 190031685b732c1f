"""Leaderboard: victims by how much of their confidence's worth they keep under attack."""

import asyncio
from urllib.parse import quote

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.frame import frame, text
from feint.app.web.shelf import Entry
from feint.reports.formats import percent, radius, times1000

HEADS = (
    Head("victim", "victim", name=True),
    Head("kept", "worth kept", "%"),
    Head("data", "data", name=True),
    Head("estimator", "estimator", name=True),
    Head("attack", "attack", name=True),
    Head("measure", "measure", name=True),
    Head("radius", "radius"),
    Head("accuracy", "accuracy", "%"),
    Head("aurc", "AURC", "× 1000, clean"),
    Head("attacked", "AURC", "× 1000, attacked"),
    Head("judged", "judged by", name=True),
    Head("protocol", "protocol", name=True),
    Head("run", "run", name=True),
)
FACETS = (2, 3, 4, 5, 6, 11)


def register(desk: Desk) -> None:
    """The page."""

    @ui.page("/leaderboard")
    async def leaderboard() -> None:
        lead = (
            "What a victim's confidence is worth is how far its AURC lies below its error rate, which a random order "
            "has. Kept is the share of that worth that is left under attack; below 0 it misleads. Rows compare that "
            "have the same radius and the same protocol, which stands for the data, how many of them, and all settings "
            "of attack and measure."
        )
        with frame("Leaderboard", "Leaderboard", lead):
            entries = await asyncio.to_thread(desk.shelf.entries)
            rows = sorted((row for each in entries for row in _rows(each)), key=lambda row: -(row[0]))
            if not rows:
                text("p", "No audits yet: each adds a row for every radius.", "wait")
                return
            with ui.element("div").classes("card"):
                Grid(HEADS, [line for _, line in rows], caption="Victims", facets=FACETS, search=True, keep=True)


def _rows(each: Entry) -> list[tuple[float, Line]]:
    """A row for every radius of an audit."""
    found: list[tuple[float, Line]] = []
    for at in each.radii:
        cells = (
            Cell(each.victim, each.victim),
            Cell(percent(1)(at.kept), at.kept),
            *(
                Cell(name, name)
                for name in (_counted(each), each.estimator, each.attack, each.measure.replace("_", " "))
            ),
            Cell(radius(at.radius), at.radius),
            Cell(percent(1)(each.numbers.get("accuracy")), each.numbers.get("accuracy")),
            Cell(times1000(1)(each.numbers.get("aurc")), each.numbers.get("aurc")),
            Cell(times1000(1)(at.aurc), at.aurc),
            Cell("fresh draws" if each.stochastic else "its one answer", None),
            Cell(each.protocol, each.protocol),
            Cell(each.id, each.id, f"/run/{quote(each.id)}"),
        )
        found.append((at.kept, Line(f"{each.id}-{at.radius}", cells)))
    return found


def _counted(each: Entry) -> str:
    return f"{each.data}, {each.images:,}" if each.images is not None else each.data
