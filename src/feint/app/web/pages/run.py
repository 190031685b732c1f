"""Run: its report, live, and everything of it to download."""

import asyncio
from urllib.parse import quote

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.frame import frame, link, text, wrong
from feint.app.web.shown import show
from feint.errors import FeintError


def register(desk: Desk) -> None:
    """The page of one run."""

    @ui.page("/run/{name}")
    async def run(name: str) -> None:
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
                    for told, place in _downloads(name):
                        with ui.element("li"):
                            link(told, place)
            shown = ui.element("div").props('aria-live="polite"')
            with shown:
                text("p", "Reading the run …", "wait")
        seen = [""]

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
                show(report)

        await ui.context.client.connected()
        await renew()
        ui.timer(2.0, renew, active=entry.state != "complete")


def _downloads(name: str) -> list[tuple[str, str]]:
    here = f"/api/v1/runs/{quote(name)}"
    return [
        ("Report, one page that opens offline", f"{here}/report"),
        ("Report as JSON, with its charts", f"{here}/report.json"),
        ("Summary (JSON)", f"{here}/summary"),
        ("Settings and the command that repeats it (JSON)", here),
        ("Records (CSV)", f"{here}/records.csv"),
    ]
