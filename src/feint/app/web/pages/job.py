"""Jobs: what waits, runs and has ended; and one of them with its progress and its log."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.frame import button, frame, link, text, wrong
from feint.errors import FeintError
from feint.reports.names import short

HEADS = (
    Head("job", "job", name=True),
    Head("experiment", "experiment", name=True),
    Head("state", "state", name=True),
    Head("queued", "queued", name=True),
    Head("message", "message", name=True),
)
ENDED = ("done", "failed", "cancelled")


def register(desk: Desk) -> None:
    """Both pages."""

    @ui.page("/jobs")
    async def jobs() -> None:
        with frame("Jobs", "Jobs", "A job is a command in a process of its own: it goes on when this page is closed."):
            with ui.element("div").classes("bar"):
                link("New job", "/new").classes("button main")
                link("Train a victim", "/new?experiment=train").classes("button")
            found = await asyncio.to_thread(desk.jobs.listed)
            with ui.element("div").classes("card"):
                none = text("p", "None yet.", "wait")
                none.set_visibility(not found)
                grid = Grid(HEADS, [_line(job) for job in found], caption="Jobs", facets=(1, 2), keep=True)

            async def renew() -> None:
                now = await asyncio.to_thread(desk.jobs.listed)
                none.set_visibility(not now)
                grid.show([_line(job) for job in now])

            ui.timer(2.0, renew, immediate=False)

    @ui.page("/job/{name}")
    async def job(name: str) -> None:
        try:
            first = await asyncio.to_thread(desk.jobs.get, name)
        except FeintError as error:
            with frame("No such job", "Jobs"):
                wrong(str(error))
            return
        with frame(f"Job: {first.spec.get('experiment', '')}", "Jobs"):
            with ui.element("div").classes("bar"):
                state = text("span", first.state, "state").props('role="status"')
                told = text("span", "", "wait")
            bar = ui.element("progress").props('max="1" value="0" aria-label="Progress"')
            message = text("p", first.message, "wrong")
            with ui.element("div").classes("bar"):
                run = link("See its report", "/").classes("button main")

                async def cancel() -> None:
                    await asyncio.to_thread(desk.jobs.cancel, name)
                    await renew()

                async def again() -> None:
                    try:
                        await asyncio.to_thread(desk.jobs.again, name)
                    except FeintError as error:
                        message.set_text(str(error))
                    await renew()

                stop, resume = button("Cancel", cancel), button("Resume", again)
            with ui.element("section"):
                text("h2", "Log")
                log = text("pre", "", "log").props('tabindex="0" role="region" aria-label="Log"')
        run.set_visibility(False)

        async def renew() -> None:
            now, lines, found, place = await asyncio.to_thread(_look, desk, name)
            state.set_text(now.state + (", to be cancelled" if now.cancel and now.state == "running" else ""))
            state.classes(replace=f"state {now.state}")
            message.set_text(now.message)
            log.set_text(lines)
            share = 1.0 if now.state == "done" else found.share if found else 0.0
            bar._props["value"] = share  # pyright: ignore[reportPrivateUsage]
            bar.update()
            left = f", {found.left} left" if found and found.left and now.state == "running" else ""
            told.set_text(f"{found.stage}: {100 * share:.0f} %{left}" if found else _waits(now))
            run.set_visibility(bool(place))
            run._props["href"] = f"/run/{quote(place)}"  # pyright: ignore[reportPrivateUsage]
            run.update()
            stop.set_visibility(now.state not in ENDED)
            resume.set_visibility(now.state in ("failed", "cancelled"))

        ui.timer(1.0, renew)


def _look(desk: Desk, name: str) -> tuple[Any, str, Any, str]:
    now = desk.jobs.get(name)
    return now, desk.jobs.log(name), desk.jobs.progress(name), desk.jobs.run_of(now)


def _waits(job: Any) -> str:
    return {"queued": "waits for its turn", "running": "loads what it needs"}.get(job.state, "")


def _line(job: Any) -> Line:
    began = datetime.fromtimestamp(job.created, UTC).isoformat(" ", "minutes")[:16]
    cells = (
        Cell(job.id, job.id, f"/job/{job.id}"),
        Cell(str(job.spec.get("experiment", "")), str(job.spec.get("experiment", ""))),
        Cell(job.state, job.state),
        Cell(began, job.created),
        Cell(short(job.message, 400), job.message),
    )
    return Line(job.id, cells)
