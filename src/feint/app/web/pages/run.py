"""Run: its report, live, and everything of it to download."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.parts.frame import frame, link, remember, text, wrong
from feint.app.web.parts.picked import criteria, where_of
from feint.app.web.parts.shown import show
from feint.app.web.parts.threshold import Threshold
from feint.errors import FeintError
from feint.reports.images import data_uri


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
                            link(told, place)
            behind = ui.element("section")
            behind.set_visibility(False)
            shown = ui.element("div")
            limits = ui.element("div")
            with shown:
                text("p", "Reading the run …", "wait")
        seen, chosen, tried = [""], dict[str, Any](), dict[str, Any]()

        def share() -> None:
            remember(f"/run/{quote(name)}", {**tried, **chosen})

        async def picked(figure: str, title: str, datum: Mapping[str, Any]) -> None:
            await look(criteria(title, datum, figure))

        async def look(where: Mapping[str, Any]) -> None:
            if not where:
                return
            chosen.clear()
            chosen.update(where)
            share()
            found: dict[str, Any] = {"items": []}
            try:
                asked = {"path": str(desk.shelf.path(name)), "where": dict(where)}
                found = await desk.studio.call("feint.app.web.studio.behind:behind", **asked)
            except FeintError as error:
                found["told"] = str(error)
            behind.clear()
            behind.set_visibility(True)
            with behind:
                text("h2", "Images behind it").props('tabindex="-1"')
                text("p", found["told"]).props('role="status"')
                for item in found["items"]:
                    _item(item)
            ui.run_javascript(f"getHtmlElement({behind.id}).scrollIntoView({{block: 'start'}})")

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
            with shown:
                show(report, picked)

        await ui.context.client.connected()
        await renew()
        known: dict[str, list[str]] = {}
        with suppress(FeintError):  # which the report has said by now
            known = await desk.reader.call("feint.app.web.reading.limits:choices", path=desk.shelf.path(name))
        if known:

            def tell(values: Mapping[str, Any]) -> None:
                tried.update(values)
                if "on" in chosen:  # a bar of other values
                    chosen.clear()
                share()

            with limits:
                threshold = Threshold(desk, desk.shelf.path(name), known, said, tell, look)
            if "share" in said:
                tried.update({key: said[key] for key in ("on", "measure", "share") if key in said})
            await threshold.renew()
        try:
            await look(where_of(said))
        except FeintError as error:
            wrong(str(error))
        ui.timer(2.0, renew, active=entry.state != "complete")


def _item(item: Mapping[str, Any]) -> None:
    """One image with what was said of it, and the nearest training images."""
    with ui.element("div").classes("behind"):
        text("p", item["told"])
        with ui.element("div").classes("strip"):
            for picture in item["pictures"]:
                with ui.element("figure"):
                    image = ui.element("img")
                    image._props |= {  # pyright: ignore[reportPrivateUsage]
                        "src": data_uri(picture["png"]),
                        "alt": picture["label"],
                    }
                    text("figcaption", picture["label"])


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
