"""Run: its report, live, and everything of it to download."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.parts.chosen import Chosen
from feint.app.web.parts.frame import frame, link, remember, text, wrong
from feint.app.web.parts.linked import Linked
from feint.app.web.parts.picked import criteria, where_of
from feint.app.web.parts.shown import Live, show, show_glossary
from feint.app.web.parts.threshold import Threshold
from feint.errors import FeintError


def register(desk: Desk) -> None:
    """The page of one run."""

    @ui.page("/run/{name}")
    async def run(request: Request, name: str) -> None:
        said = dict(request.query_params)
        try:
            entry = await asyncio.to_thread(desk.shelf.entry, name)
        except FeintError as error:
            with frame("No such run", "Runs"):
                wrong(str(error))
            return
        with frame(f"{entry.experiment}: {entry.victim or entry.data or entry.id}", "Runs"):
            with ui.element("div").classes("bar"):
                state = text("span", entry.state, "state")
                text("span", f"{entry.id}, begun {entry.created.replace('T', ' ')[:16]} UTC", "wait")
            with ui.element("details"):
                text("summary", "Download")
                with ui.element("ul"):
                    for told, place in [*_downloads(name), *await asyncio.to_thread(_figures, desk, name)]:
                        with ui.element("li"):
                            link(told, place).props('download=""')  # under the name that it is sent with
            made = ui.element("div")
            behind = ui.element("section")
            behind.set_visibility(False)
            shown = ui.element("div")
            limits = ui.element("div")
            terms = ui.element("div")
            with shown:
                text("p", "Reading the run …", "wait")
        linked, seen, tried = Linked(), [""], dict[str, Any]()
        chosen = Chosen(desk, name, linked, behind, lambda: share())

        def share() -> None:
            remember(f"/run/{quote(name)}", {**tried, **chosen.said})

        async def picked(figure: str, title: str, datum: Mapping[str, Any]) -> None:
            await chosen.look(criteria(title, datum, figure))

        async def renew() -> None:
            signature = await asyncio.to_thread(desk.shelf.signature, name)
            if signature == seen[0]:
                return
            seen[0] = signature
            now = await asyncio.to_thread(desk.shelf.entry, name)
            try:
                report = await desk.report(name)
            except FeintError as error:
                shown.clear()
                with shown:
                    text("p", f"{error}. This page shows more as the run goes on.", "wait")
                return
            state.set_text(now.state)
            shown.clear()
            linked.clear()
            with shown:
                focus = ui.element("div")
                show(report, Live(linked, picked))
            with focus:
                chosen.offer()
            terms.clear()
            with terms:
                show_glossary(report)

        await ui.context.client.connected()
        await renew()
        if parts := await _parts(desk, name):
            with made, ui.element("details"):
                text("summary", "The runs that it is made of")
                with ui.element("ul"):
                    for called, one in parts:
                        with ui.element("li"):
                            link(f"{called}: {one}", f"/run/{quote(one)}")
        known: dict[str, list[str]] = {}
        with suppress(FeintError):  # which the report has said by now
            known = await desk.reader.call("feint.app.web.reading.limits:choices", path=desk.shelf.path(name))
        if known:

            def tell(values: Mapping[str, Any]) -> None:
                tried.update(values)
                chosen.forget("on")  # a bar of other values
                chosen.show(tried)
                share()

            with limits:
                threshold = Threshold(desk, desk.shelf.path(name), known, linked, said, tell, chosen.look)
            if "share" in said:
                tried.update({key: said[key] for key in ("on", "measure", "share") if key in said})
            await threshold.renew()
        try:
            await chosen.look(where_of(said), said.get("only", ""))
        except FeintError as error:
            wrong(str(error))
        ui.timer(2.0, renew, active=entry.state != "complete")


async def _parts(desk: Desk, name: str) -> list[tuple[str, str]]:
    """The runs that a run is made of, as far as they are there."""
    try:
        found = await desk.reader.call("feint.app.web.reading.children:children", path=desk.shelf.path(name))
        there = {each.id for each in await asyncio.to_thread(desk.shelf.entries)}
    except FeintError:
        return []
    return [each for each in found if each[1] in there]


def _figures(desk: Desk, name: str) -> list[tuple[str, str]]:
    places = sorted((desk.shelf.path(name) / "figures").glob("*.svg"))
    here = f"/api/v1/runs/{quote(name)}/figures"
    return [(f"Figure {place.stem} (SVG)", f"{here}/{quote(place.name)}") for place in places]


def _downloads(name: str) -> list[tuple[str, str]]:
    here = f"/api/v1/runs/{quote(name)}"
    return [
        ("Report, one page that opens offline", f"{here}/report"),
        ("Report as JSON, with its charts", f"{here}/report.json"),
        ("Summary (JSON)", f"{here}/summary"),
        ("Settings and the command that repeats it (JSON)", here),
        ("Records (CSV)", f"{here}/records.csv"),
    ]
