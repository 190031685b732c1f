"""Compare: several runs side by side."""

import asyncio

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.parts.frame import frame, text, wrong
from feint.app.web.parts.shown import show
from feint.errors import FeintError


def register(desk: Desk) -> None:
    """The page; which runs stands in its address."""

    @ui.page("/compare")
    async def compare(runs: str = "") -> None:
        with frame("Compare runs", "Runs"):
            shown = ui.element("div")
            with shown:
                text("p", "Reading the runs …", "wait")
        await ui.context.client.connected()
        try:
            names = list(dict.fromkeys(name for name in runs.split(",") if name))
            paths = [await asyncio.to_thread(desk.shelf.path, name) for name in names]
            report = await desk.reader.call("feint.app.web.reading.compare:compare", paths=paths)
        except FeintError as error:
            shown.clear()
            with shown:
                wrong(str(error))
            return
        shown.clear()
        with shown:
            show(report)
