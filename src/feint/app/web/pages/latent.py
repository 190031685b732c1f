"""Latent space: the map of a measure; hover to decode a point, click to pin it, drag for the way between two."""

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, final

from nicegui import ui
from nicegui.element import Element

from feint.app.web import admission
from feint.app.web.desk import Desk
from feint.app.web.elements import Chart, Field, Grid, Plane
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.forms import WordForm
from feint.app.web.parts.frame import button, frame, link, remember, text
from feint.errors import FeintError
from feint.experiments import glossary
from feint.reports import charts
from feint.reports.formats import percent, significant
from feint.reports.images import data_uri

STUDIO: Final = "feint.app.web.studio.latent"
ALT: Final = (
    "Map of the latent plane: the darker, the more uncertain. Arrow keys move a point and decode it, Enter pins it, "
    "dragging draws a line."
)
HEADS = (Head("name", "of the pinned point", name=True), Head("value", "value"))


def register(desk: Desk) -> None:
    """The page; autoencoder, victim, measure and marks stand in its address."""

    @ui.page("/latent")
    async def latent(
        autoencoder: str = "",
        victim: str = "",
        estimator: str = "",
        measure: str = "",
        pin: str = "",
        way: str = "",
    ) -> None:
        lead = (
            "An autoencoder turns every point of a plane into an image. The map says how uncertain a victim is there."
        )
        with frame("Latent space", "Latent", lead):
            cards = await asyncio.to_thread(desk.cards)
            decoders = [name for name, card in cards.items() if card.get("kind") == "autoencoder"]
            if not decoders:
                with ui.element("section"):
                    text("p", "There is no autoencoder yet. One for the digits trains in about a minute.")
                    place = "/new?experiment=train&name=digit-vae&network=vae:latent=2&data=digits"
                    link("Train one", place).classes("button main")
                return
            await ui.context.client.connected()
            known, names = await desk.catalog(), await asyncio.to_thread(desk.victim_names)
            chosen = autoencoder if autoencoder in decoders else decoders[0]
            try:
                word = admission.mapping_of(estimator, "estimator") if estimator else None
                room = Room(desk, chosen, victim, measure)
                room.marked(_numbers(pin, 2), _numbers(way, 4))
                room.lay(decoders, names, known["estimators"], word)
            except FeintError as error:
                text("p", str(error), "note").props('role="alert"')
                return
            await room.renew()


def _numbers(said: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in said.split(",")]
    except ValueError:
        return []
    return found if len(found) == count and all(abs(each) < 1e6 for each in found) else []


@final
class Room:
    """One visitor's map.

    Args:
        desk: whose studio.
        autoencoder: its name.
        victim: its name; "" for the embedded one.
        measure: what the map shows; "" for the first there is.
    """

    def __init__(self, desk: Desk, autoencoder: str, victim: str, measure: str) -> None:
        self._desk = desk
        self._autoencoder = autoencoder
        self._victim = victim
        self._measure = measure
        self._pin: list[float] = []
        self._way: list[float] = []
        self._busy = False

    def marked(self, pin: list[float], way: list[float]) -> None:
        """Take the marks that the address says."""
        self._pin, self._way = pin, way

    def lay(
        self, decoders: Sequence[str], names: Sequence[str], estimators: Any, word: Mapping[str, Any] | None
    ) -> None:
        """Put everything on the page."""
        with ui.element("div").classes("two"):
            with ui.element("section"):
                Field("autoencoder", "select", self._autoencoder, options=decoders, on_change=self._set("_autoencoder"))
                own = {"": "the embedded digit network", **{name: name for name in names}}
                Field("victim", "select", self._victim, options=own, on_change=self._set("_victim"))
                self._estimator = WordForm("estimator", estimators, word, self.renew, none="as on its card")
                self._choice = Field("measure", "select", self._measure, on_change=self._set("_measure"))
                self._told = text("p", "Drawing the map …", "wait").props('role="status"')
                self._x = Field("first coordinate", "text", "0")
                self._y = Field("second coordinate", "text", "0")
                button("Pin this point", self._typed)
            with ui.element("section"):
                self._map = Plane(ALT, on_hovered=self._hovered, on_pinned=self._pinned, on_drawn=self._drawn)
                self._dots = ui.element("ul").classes("key")
                with ui.element("div").classes("images"):
                    self._hover, self._hover_told = _figure("under the pointer")
                    self._fixed, self._fixed_told = _figure("pinned")
        with ui.element("section") as self._below:
            text("h2", "The pinned point")
            self._chart = Chart({}, "Probabilities at the pinned point")
            self._grid = Grid(HEADS, [], caption="Measures at the pinned point")
        with ui.element("section") as self._between:
            text("h2", "The way between two points")
            self._key = ui.element("ul").classes("key")
            self._lines = Chart({}, "Measures along the line")
            self._strip = ui.element("div").classes("thumbs")
        self._below.set_visibility(False)
        self._between.set_visibility(False)

    def _set(self, name: str) -> Any:
        async def put(value: str) -> None:
            setattr(self, name, value)
            await self.renew()

        return put

    def _asked(self) -> dict[str, Any]:
        return {
            "autoencoder": admission.name(self._autoencoder, "autoencoder"),
            "victim": admission.victim(self._victim, self._estimator.word).plain(),
        }

    async def renew(self) -> None:
        """Draw the map, and the marks on it."""
        self._told.set_text("Drawing the map …")
        try:
            found = await self._desk.studio.call(f"{STUDIO}:plane", **self._asked(), measure=self._measure)
        except FeintError as error:
            self._told.set_text(str(error))
            return
        self._measure = found["measure"]
        self._choice.choose({name: glossary.title(name) for name in found["measures"]})
        self._choice.put(self._measure)
        classes = dict.fromkeys(sorted((each[2] for each in found["points"]), key=_in_order))
        shades = {name: charts.CLASSES[at % len(charts.CLASSES)] for at, name in enumerate(classes)}
        places = [(each[0], each[1], shades[each[2]], each[2]) for each in found["points"]]
        self._map.show(data_uri(found["png"]), found["end"], places)
        self._told.set_text(
            f"Darkest: {significant(3)(found['most'])}. Names are those of images that lie there, coloured by class."
        )
        _show_key(self._dots, shades.items() if len(shades) <= len(charts.CLASSES) else (), "point")
        if self._pin:
            await self._pinned(self._pin)
        if self._way:
            await self._drawn([self._way[:2], self._way[2:]])
        self._remember()

    async def _hovered(self, place: Sequence[float]) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            found = await self._point(place)
            if found:
                _put(self._hover, found["png"], f"decoded: {found['prediction']}")
                self._hover_told.set_text(_line(found, self._measure))
        finally:
            self._busy = False

    async def _typed(self) -> None:
        place = _numbers(f"{self._x.value},{self._y.value}", 2)
        if place:
            await self._pinned(place)
        else:
            self._told.set_text(f"coordinates: expected two numbers, got {self._x.value}, {self._y.value}")

    async def _pinned(self, place: Sequence[float]) -> None:
        found = await self._point(place)
        if not found:
            return
        self._pin = [float(each) for each in place]
        for field, value in zip((self._x, self._y), self._pin, strict=True):
            field.put(f"{value:.4g}")
        _put(self._fixed, found["png"], f"decoded: {found['prediction']}")
        self._fixed_told.set_text(_line(found, self._measure))
        classes = found["classes"]
        bars = [("probability", found["probabilities"])]
        told: dict[str, Any] = {"axis": "probability (%)", "times": 100}
        figure = charts.bars("point", "Probabilities", classes, bars, [charts.CLEAN], **told)
        self._chart.show(figure.panels[0].chart)
        measures = found["measures"].items()
        self._grid.show(
            [Line(n, (Cell(glossary.title(n), n), Cell(significant(3)(value), value))) for n, value in measures]
        )
        self._below.set_visibility(True)
        self._mark()

    async def _drawn(self, ends: Sequence[Sequence[float]]) -> None:
        try:
            asked = {**self._asked(), "start": list(ends[0]), "stop": list(ends[1])}
            found = await self._desk.studio.call(f"{STUDIO}:way", **asked)
        except FeintError as error:
            self._told.set_text(str(error))
            return
        self._way = [float(each) for end in ends for each in end]
        self._between.set_visibility(True)
        self._lines.show(found["chart"])
        _show_key(self._key, found["legend"], "line")
        self._strip.clear()
        with self._strip:
            for content, label in zip(found["strip"], found["labels"], strict=True):
                picture = ui.element("img").style("width: 64px; image-rendering: pixelated")
                _put(picture, content, label)
        self._mark()

    def _mark(self) -> None:
        way = [self._way[:2], self._way[2:]] if self._way else []
        self._map.show_marks(pin=self._pin, line=way)
        self._remember()

    async def _point(self, place: Sequence[float]) -> Any:
        try:
            asked = {**self._asked(), "x": float(place[0]), "y": float(place[1])}
            found = await self._desk.studio.call(f"{STUDIO}:point", **asked)
        except FeintError as error:
            self._told.set_text(str(error))
            return None
        return found

    def _remember(self) -> None:
        """Keep what is chosen in the address."""
        said = {
            "autoencoder": self._autoencoder,
            "victim": self._victim,
            "estimator": self._estimator.text,
            "measure": self._measure,
            "pin": ",".join(f"{each:.4g}" for each in self._pin),
            "way": ",".join(f"{each:.4g}" for each in self._way),
        }
        remember("/latent", said)


def _show_key(place: Element, names: Iterable[tuple[str, str]], look: str) -> None:
    """Say what each colour stands for."""
    place.clear()
    with place:
        for name, shade in names:
            with ui.element("li"):
                ui.element("i").classes(look).style(f"color: {shade}")
                text("span", name)


def _in_order(label: str) -> tuple[int, str]:
    """Numbers by their size, other names after them."""
    return (int(label), "") if label.isdecimal() else (sys.maxsize, label)


def _figure(told: str) -> tuple[Any, Any]:
    with ui.element("figure"):
        return ui.element("img").props('alt=""'), text("figcaption", told)


def _put(picture: Any, content: bytes, label: str) -> None:
    picture._props |= {"src": data_uri(content), "alt": label}
    picture.update()


def _line(found: Mapping[str, Any], measure: str) -> str:
    confidence = percent(1)(max(found["probabilities"]))
    value = significant(3)(found["measures"].get(measure))
    return f"{found['prediction']}, {confidence} %; {measure.replace('_', ' ')} {value}"
