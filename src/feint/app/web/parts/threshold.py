"""A slider for a threshold, over the values of a run's records."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Chart, Field
from feint.errors import FeintError
from feint.reports.formats import percent

from .frame import text

STEPS = 200


@final
class Threshold:
    """The part of a run's page where a threshold is tried.

    Args:
        desk: whose reader.
        path: the run's folder.
        known: what it can be tried on.
    """

    def __init__(self, desk: Desk, path: Path, known: Mapping[str, Sequence[str]]) -> None:
        self._desk = desk
        self._path = path
        self._values: dict[str, Any] = {"on": known["on"][0], "measure": known["measure"][0], "share": 0.9}
        self._asked, self._running = 0, False
        with ui.element("section"):
            text("h2", "Try a threshold")
            with ui.element("div").classes("columns"):
                for name in ("on", "measure"):
                    shown = {each: each.replace("_", " ") for each in known[name]}
                    Field(name, "select", known[name][0], options=shown, on_change=self._setter(name))
            self._slider = Field("inputs below it", "range", 180, span=(0, STEPS, 1), on_change=self._moved)
            self._told = text("p", "", "finding").props('role="status"')
            self._key = ui.element("ul").classes("key")
            self._chart = Chart({}, "Values of the measure, and the threshold among them")

    def _setter(self, name: str) -> Any:
        async def put(value: str) -> None:
            self._values[name] = value
            await self.renew()

        return put

    async def _moved(self, place: float) -> None:
        self._values["share"] = float(place) / STEPS
        await self.renew()

    async def renew(self) -> None:
        """Try it; while an answer is on its way, only the last wish counts."""
        self._asked += 1
        self._slider.say(shown=f"{percent(1)(self._values['share'])} %")
        if self._running:
            return
        self._running = True
        try:
            now = -1
            while now != self._asked:
                now = self._asked
                asked = {"path": self._path, **self._values}
                self._show(await self._desk.reader.call("feint.app.web.reading.limits:tried", **asked))
        except FeintError as error:
            self._told.set_text(str(error))
        finally:
            self._running = False

    def _show(self, found: Mapping[str, Any]) -> None:
        self._told.set_text(found["told"])
        self._chart.show(found["chart"])
        self._key.clear()
        with self._key:
            for name, shade in found["legend"]:
                with ui.element("li"):
                    ui.element("i").classes("square").style(f"color: {shade}")
                    text("span", name)
