"""Attack an image: choose it, the victim, the attack and how far it goes, and see what becomes of the prediction."""

import asyncio
import math
from collections.abc import Mapping
from typing import Any, Final, final

from nicegui import ui
from nicegui.element import Element

from feint.app.web import admission, uploads
from feint.app.web.desk import Desk
from feint.app.web.elements import Field, Pad, Upload
from feint.app.web.parts.answers import Answer
from feint.app.web.parts.forms import WordForm
from feint.app.web.parts.frame import button, frame, remember, text
from feint.errors import FeintError, SpecError
from feint.reports.formats import significant
from feint.reports.images import data_uri

SPANS: Final = {"linf": 0.5, "l2": 8.0, "perceptual": 400.0}
"""How far the slider goes, by what the radius measures."""
STEPS: Final = 200
IMAGES: Final = "/api/v1/images"
EMBEDDED: Final = "the embedded digit network"


def register(desk: Desk) -> None:
    """The page; what is chosen stands in its address."""

    @ui.page("/attack")
    async def attack(
        image: str = "0",
        victim: str = "",
        estimator: str = "",
        attack: str = "ace",
        radius: str = "0.05",
        second: str = "",
        label: str = "",
    ) -> None:
        lead = "An attack moves every pixel by at most a radius. Move the slider and watch label and confidence."
        with frame("Attack an image", "Attack", lead):
            bench = Bench(desk, image=image, victim=victim, second=second, label=label)
            try:
                how = admission.mapping_of(estimator, "estimator") if estimator else None
                bench.start(admission.mapping_of(attack, "attack"), how, _number(radius))
            except FeintError as error:
                text("p", str(error), "note").props('role="alert"')
                return
            await ui.context.client.connected()
            await bench.lay(await desk.catalog(), await asyncio.to_thread(desk.victim_names))


@final
class Bench:
    """One visitor's choices, and what came of them.

    Args:
        desk: whose victims and studio.
        image: position of one of the victim's pictures, or the name of an upload.
        victim: its name; "" for the embedded one.
        second: of another one beside; "-" for the embedded one, "" for none.
        label: the true class of an upload, if the visitor says it.
    """

    def __init__(self, desk: Desk, *, image: str, victim: str, second: str, label: str) -> None:
        self._desk = desk
        self._image = image
        self._victim = victim
        self._second = second
        self._label = label
        self._buttons: dict[str, Element] = {}
        self._asked = 0
        self._running = False

    def start(self, attack: Mapping[str, Any], estimator: Mapping[str, Any] | None, radius: float) -> None:
        """Take what the address says, if it may be asked for."""
        admission.threat(attack)
        admission.victim(self._victim, estimator)
        self._first = (attack, estimator)
        self._radius = radius

    async def lay(self, known: Mapping[str, Any], names: list[str]) -> None:
        """Put everything on the page, and answer for the first time."""
        # As they are read and reached by keys: the image, what becomes of it, and what else can be chosen.
        with ui.element("div").classes("two bench"):
            with ui.element("section").classes("what"):
                text("h2", "Image")
                self._thumbs = ui.element("div").classes("thumbs").props('role="group" aria-label="Pictures"')
                self._index = Field("number of the picture", "text", "", on_change=self._numbered)
                with ui.element("details"):
                    text("summary", "Upload, photograph or draw one")
                    common: dict[str, Any] = {"accept": "image/*", "most": uploads.MOST_BYTES}
                    Upload("upload a picture", IMAGES, on_uploaded=self._uploaded, **common)
                    Upload("take a photograph", IMAGES, on_uploaded=self._uploaded, camera=True, **common)
                    Pad(IMAGES, self._uploaded)
                    self._true = Field("its true class", "select", self._label, on_change=self._labelled)
            with ui.element("div").classes("became"):
                self._lay_answers()
            with ui.element("div").classes("how"):
                self._lay_choices(known, names)
        self._answers[1].box.set_visibility(False)
        await self._meet()

    def _lay_answers(self) -> None:
        with ui.element("section"):
            told = "How far the attack may go."
            self._slider = Field("radius", "range", 0, span=(1, STEPS, 1), on_change=self._moved, help=told)
            self._told = text("p", "Warming up the network …", "wait").props('aria-live="polite"')
            with ui.element("div").classes("bar"):
                self._npz = button("Save as npz", self._save)
                self._png = button("Save attacked PNG", self._picture)
        with ui.element("div").classes("victims"):
            self._answers = [Answer(), Answer()]

    def _lay_choices(self, known: Mapping[str, Any], names: list[str]) -> None:
        with ui.element("section"):
            text("h2", "Victim")
            own = {"": EMBEDDED, **{name: name for name in names}}
            Field("network", "select", self._victim, options=own, on_change=self._seated)
            self._estimator = WordForm(
                "estimator", known["estimators"], self._first[1], self._renew, none="as on its card"
            )
            beside = {"": "none", "-": EMBEDDED, **{name: name for name in names}}
            Field("a second one beside", "select", self._second, options=beside, on_change=self._seconded)
        with ui.element("section"):
            text("h2", "Attack")
            self._attack = WordForm("attack", known["attacks"], self._first[0], self._renew)

    async def _meet(self) -> None:
        """Show the pictures of the victim, and answer."""
        try:
            found = await self._desk.studio.call(f"{STUDIO}.pictures:about", victim=self._told_victim().plain())
        except FeintError as error:
            self._told.set_text(str(error))
            return
        self._thumbs.clear()
        self._buttons.clear()
        with self._thumbs:
            for each in found["thumbs"]:
                self._thumb(each)
        options = {"": "not known: its own prediction", **dict(enumerate_names(found["classes"]))}
        self._true.choose(options)
        self._index.put(self._image if self._image.isdigit() and len(self._image) < 16 else "")
        count = f"0 to {found['count'] - 1}" if found["count"] else "its pictures are not there: upload one"
        self._index._props["help"] = count  # pyright: ignore[reportPrivateUsage]
        await self._renew()

    def _thumb(self, each: Mapping[str, Any]) -> None:
        at = str(each["index"])

        async def choose() -> None:
            self._image = at
            self._index.put(at)
            await self._renew()

        found = ui.element("button").props('type="button"').on("click", choose)
        self._buttons[at] = found
        found._props["aria-label"] = f"picture {at}: {each['label']}"  # pyright: ignore[reportPrivateUsage]
        with found:
            inside = ui.element("img")
            inside._props |= {"src": data_uri(each["png"]), "alt": ""}  # pyright: ignore[reportPrivateUsage]

    async def _numbered(self, said: str) -> None:
        self._image = said.strip() or "0"
        await self._renew()

    async def _uploaded(self, answer: Mapping[str, Any]) -> None:
        self._image = str(answer["id"])
        self._index.put("")
        await self._renew()

    async def _labelled(self, said: str) -> None:
        self._label = said
        await self._renew()

    async def _seated(self, name: str) -> None:
        self._victim, self._image = name, "0" if self._image.isdigit() else self._image
        await self._meet()

    async def _seconded(self, name: str) -> None:
        self._second = name
        await self._renew()

    async def _moved(self, place: float) -> None:
        self._radius = self._span * (float(place) / STEPS) ** 2
        await self._renew()

    @property
    def _span(self) -> float:
        word = self._attack.word or {}
        nearest = {"cw": "l2", "lbfgs": "l2", "iaa": "perceptual"}
        return SPANS["l2" if word.get("norm") == "l2" else nearest.get(str(word.get("name")), "linf")]

    def _told_victim(self) -> Any:
        return admission.victim(self._victim, self._estimator.word)

    async def _renew(self) -> None:
        """Answer for what is chosen now; while an answer is on its way, only the last wish counts."""
        self._asked += 1
        if self._running:
            return
        self._running = True
        try:
            while True:
                now = self._asked
                await self._answer()
                if now == self._asked:
                    return
        finally:
            self._running = False

    async def _answer(self) -> None:
        span = self._span
        self._radius = min(max(self._radius, span / STEPS**2), span)
        self._slider.put(round(STEPS * (self._radius / span) ** 0.5))
        self._slider.say(shown=significant(3)(self._radius))
        self._remember()
        for at, found in self._buttons.items():
            found.props(f'aria-pressed="{str(at == self._image).lower()}"')
        try:
            asked = self._question()
            found = await self._desk.studio.call(f"{STUDIO}.attack:attack", **asked)
            self._told.set_text(self._answers[0].show(found))
            self._answers[1].box.set_visibility(bool(self._second))
            if self._second:
                other = admission.victim("" if self._second == "-" else self._second).plain()
                same = {"victim": other, "image": {**asked["image"], "of": asked["victim"]}}
                beside = await self._desk.studio.call(f"{STUDIO}.attack:attack", **{**asked, **same})
                self._answers[1].show(beside)
        except FeintError as error:
            self._told.set_text(str(error))

    def _question(self) -> dict[str, Any]:
        """What the studio is asked."""
        word = admission.threat(self._attack.word)
        image: dict[str, Any] = {"index": int(self._image)} if _is_index(self._image) else {}
        if not image:
            image = {"file": str(uploads.place_of(self._desk.images, self._image))}
            image |= {"label": int(self._label)} if self._label.isdigit() else {}
        return {
            "victim": self._told_victim().plain(),
            "image": image,
            "word": word.plain(),
            "radius": self._radius,
        }

    def _remember(self) -> None:
        """Keep what is chosen in the address, so that it can be shared."""
        said = {
            "image": self._image,
            "victim": self._victim,
            "estimator": self._estimator.text,
            "attack": self._attack.text,
            "radius": f"{self._radius:.4g}",
            "second": self._second,
            "label": self._label,
        }
        remember("/attack", said)

    async def _save(self) -> None:
        try:
            content = await self._desk.studio.call(f"{STUDIO}.attack:saved", **self._question())
        except FeintError as error:
            self._told.set_text(str(error))
            return
        ui.download.content(content, "attacked.npz")

    async def _picture(self) -> None:
        if (content := self._answers[0].attacked) is not None:
            ui.download.content(content, "attacked.png")


STUDIO: Final = "feint.app.web.studio"


def _number(said: str) -> float:
    """The radius that an address says."""
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise SpecError(f"radius: expected a number, got {said[:60]!r}")
    return found


def enumerate_names(names: list[str]) -> list[tuple[str, str]]:
    """Positions as texts, with what they stand for."""
    return [(str(at), name) for at, name in enumerate(names)]


def _is_index(image: str) -> bool:
    return image.isdigit() and len(image) < 16
