"""A slider for a threshold, over the values of a run's records."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Chart, Field
from feint.errors import FeintError
from feint.reports.formats import percent

from .frame import button, text
from .linked import Linked, linked

STEPS = 200
CHOICES = ("on", "measure")
ALTS = (
    "Values of the measure, and the threshold among them",
    "What the threshold comes to, on the curve of all thresholds",
)


@final
class Threshold:
    """The part of a run's page where a threshold is tried.

    Args:
        desk: whose reader.
        path: the run's folder.
        known: what it can be tried on.
        linked: the charts of the page, which its own join.
        said: what is tried first, as far as it is known.
        tell: is told what is tried now.
        picked: is told which inputs stand behind a bar that somebody clicks.
    """

    def __init__(
        self,
        desk: Desk,
        path: Path,
        known: Mapping[str, Sequence[str]],
        linked: Linked,
        said: Mapping[str, str],
        tell: Callable[[Mapping[str, Any]], Any],
        picked: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self._desk = desk
        self._path = path
        self._linked = linked
        self._tell = tell
        self._picked = picked
        first = {name: said[name] if said.get(name) in known[name] else known[name][0] for name in CHOICES}
        self._values: dict[str, Any] = {**first, "share": _share(said.get("share", ""))}
        self._asked, self._running = 0, False
        self._limit, self._kinds = 0.0, ("", "")
        with ui.element("section"):
            text("h2", "Try a threshold")
            with ui.element("div").classes("columns"):
                for name in CHOICES:
                    shown = {each: each.replace("_", " ") for each in known[name]}
                    Field(name, "select", self._values[name], options=shown, on_change=self._setter(name))
            place = round(STEPS * self._values["share"])
            self._slider = Field("inputs below it", "range", place, span=(0, STEPS, 1), on_change=self._moved)
            self._told = text("p", "", "finding").props('role="status"')
            with ui.element("div").classes("bar"):
                self._missed, self._alarms = button("", self._show_missed), button("", self._show_alarms)
            self._key = ui.element("ul").classes("key")
            with ui.element("div").classes("panels many").style("--least: 400px"):
                self._charts = [Chart({}, ALTS[0], self._bar), Chart({}, ALTS[1], self._curve)]

    def _setter(self, name: str) -> Any:
        async def put(value: str) -> None:
            self._values[name] = value
            self._tell(self._values)
            await self.renew()

        return put

    async def _moved(self, place: float) -> None:
        self._values["share"] = float(place) / STEPS
        self._tell(self._values)
        await self.renew()

    async def _show_missed(self) -> None:
        """What should lie above the threshold, and does not."""
        await self._side(self._kinds[1], "high")

    async def _show_alarms(self) -> None:
        """What lies above the threshold, and should not."""
        await self._side(self._kinds[0], "low")

    async def _side(self, kind: str, end: str) -> None:
        above = math.nextafter(self._limit, math.inf)  # what lies at the threshold is below it
        await self._picked({**self._chosen, end: above, "kind": kind})

    @property
    def _chosen(self) -> dict[str, Any]:
        return {name: self._values[name] for name in CHOICES}

    async def _bar(self, datum: Mapping[str, Any]) -> None:
        """What stands behind a bar; the rule among them stands for nothing."""
        if {"low", "high", "name"} <= datum.keys():
            ends = {name: float(datum[name]) for name in ("low", "high")}
            await self._picked({**self._chosen, **ends, "kind": str(datum["name"])})

    async def _curve(self, datum: Mapping[str, Any]) -> None:
        """What lies nearest to the threshold of a place on the curve."""
        place = datum.get("across", datum.get("x"))
        if isinstance(place, int | float):
            await self._picked({**self._chosen, "across": round(place / 100, 4), "kind": "near"})

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
        self._limit, self._kinds = float(found["limit"]), found["kinds"]
        self._missed.set_text(f"Show {self._kinds[1]} below it")
        self._alarms.set_text(f"Show {self._kinds[0]} above it")
        for chart, (name, panel) in zip(self._charts, found["panels"].items(), strict=True):
            self._linked.add(name, panel, chart)
            chart.show(linked(panel.chart))
        self._key.clear()
        with self._key:
            for mark in next(iter(found["panels"].values())).legend:
                with ui.element("li"):
                    ui.element("i").classes("square").style(f"color: {mark.colour}")
                    text("span", mark.name)


def _share(said: str) -> float:
    """What an address says of the slider, where it says a share."""
    try:
        return float(said) if 0 <= float(said) <= 1 else 0.9
    except ValueError:
        return 0.9
