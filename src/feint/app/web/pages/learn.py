"""Learn: a short tour of what uncertainty says and what attacks do to it; every picture is computed on the spot."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from fastapi import Request
from nicegui import ui

from feint.app.web.desk import Desk
from feint.app.web.elements import Chart, Field, Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.frame import frame, link, remember, text
from feint.app.web.parts.shown import slug
from feint.errors import FeintError
from feint.experiments import glossary
from feint.reports.formats import percent, significant, times1000
from feint.reports.images import data_uri
from feint.reports.page import block as as_html

TOUR: Final = "feint.app.web.studio.tour"
HEADS: Final = (Head("measure", "measure", name=True), Head("value", "value"), Head("says", "what it says", name=True))
SAYS: Final = {
    "predictive_entropy": "all the doubt there is, in nats",
    "expected_entropy": "what each network doubts by itself: aleatoric, in the image",
    "mutual_information": "what the networks disagree on: epistemic, in them",
    "max_probability": "1 less the largest probability",
}
DOUBT: Final = (
    "A classifier returns probabilities. How far they are from certain is a measure of uncertainty. Some doubt is in "
    "the image: half a 5 and half a 0 is ambiguous to anybody (aleatoric). Some is in the network: it was never told "
    "what to say of such an image, and another one, trained alike, says something else (epistemic). Blend two digits, "
    "or drown one in noise, and watch three networks that differ in nothing but their seed."
)
RANKING: Final = (
    "Who trusts a confidence answers only where it is high. The curve says how many of those answers are wrong: risk "
    "against coverage; the area under it is AURC. ACE moves every pixel by at most the radius, up in confidence where "
    "the network is wrong, down where it is right, and lets go where a label would change. Accuracy stays, the order "
    "turns around."
)
ACE: Final = (
    "The same for one digit: the label stays, the confidence goes. One gradient tells the sign for every radius, so "
    "that the slider costs nothing."
)
LABELS: Final = (
    "An adversarial example changes the label instead. PGD takes several steps, each back into the ball. The simplest "
    "defense is to round the picture to 8 bits; see whether the attack survives it. Defenses that only hide the "
    "gradient give way to attacks that ask without one, such as square."
)
FOREIGN: Final = (
    "Measures of uncertainty are also to tell what no training image is like. Here is noise, which is no digit. An "
    "out-domain attacker moves it until the network is as sure of it as of its own images."
)


def register(desk: Desk) -> None:
    """The page; where the sliders stand is in its address."""

    @ui.page("/learn")
    async def learn(request: Request) -> None:
        said = dict(request.query_params)
        lead = "Five stations on scikit-learn's handwritten digits. Move the sliders: nothing here is a recording."
        with frame("Learn", "Learn", lead) as main:
            main.classes("learn")
            ace, pgd = {"word": "ace", "index": 0}, {"word": "pgd:steps=10", "index": 4}
            stations = [
                Station(
                    desk, said, "What doubt is made of", DOUBT, "doubt", _doubt, share=(1.0, 0.5), noise=(1.0, 0.0)
                ),
                Station(desk, said, "Whom confidence ranks first", RANKING, "ranking", _ranking, radius=(0.2, 0.05)),
                Station(desk, said, "An attack on confidence", ACE, "moved", _moved, ace, radius=(0.3, 0.1)),
                Station(
                    desk, said, "An attack on the label, and a defense", LABELS, "moved", _moved, pgd, radius=(0.5, 0.2)
                ),
                Station(desk, said, "From outside", FOREIGN, "foreign", _moved, {"seed": 0}, radius=(0.5, 0.2)),
            ]
            with ui.element("section"):
                text("h2", "Go on")
                with ui.element("div").classes("bar"):
                    link("Attack any image with any attack", "/attack").classes("button main")
                    link("Audit a network", "/new?experiment=audit").classes("button")
            await ui.context.client.connected()
            for station in stations:
                await station.renew()


@final
class Station:
    """A stop of the tour: a few sentences, sliders, and what comes of them.

    Args:
        desk: whose studio.
        said: what stands in the page's address.
        title: its heading.
        told: what it is about.
        question: what the tour's part of the studio is asked.
        show: makes elements of the answer, once, and returns what fills them.
        common: arguments that stay.
        **sliders: arguments that move: how far, and where they begin.
    """

    def __init__(
        self,
        desk: Desk,
        said: dict[str, str],
        title: str,
        told: str,
        question: str,
        show: Callable[[], Callable[[Mapping[str, Any]], str]],
        common: Mapping[str, Any] | None = None,
        **sliders: tuple[float, float],
    ) -> None:
        self._desk = desk
        self._said = said
        self._keys = {name: f"{slug(title)}.{name}" for name in sliders}
        self._question = question
        self._common = dict(common or {})
        self._values = {
            name: _within(said.get(self._keys[name], ""), end, start) for name, (end, start) in sliders.items()
        }
        self._asked, self._running = 0, False
        with ui.element("section"):
            text("h2", title)
            text("p", told)
            self._fields = {
                name: Field(
                    {"share": "of the second digit", "noise": "noise"}.get(name, name),
                    "range",
                    self._values[name],
                    span=(0, end, end / 100),
                    on_change=self._setter(name),
                )
                for name, (end, _) in sliders.items()
            }
            self._fill = show()
            self._line = text("p", "Computing …", "finding").props('aria-live="polite"')

    def _setter(self, name: str) -> Any:
        async def put(value: float) -> None:
            self._values[name] = float(value)
            self._said[self._keys[name]] = f"{float(value):.4g}"
            remember("/learn", self._said)
            await self.renew()

        return put

    async def renew(self) -> None:
        """Ask again; while an answer is on its way, only the last wish counts."""
        self._asked += 1
        for name, field in self._fields.items():
            field.say(shown=significant(2)(self._values[name]))
        if self._running:
            return
        self._running = True
        try:
            now = -1
            while now != self._asked:
                now = self._asked
                asked = {**self._common, **self._values}
                self._line.set_text(self._fill(await self._desk.studio.call(f"{TOUR}:{self._question}", **asked)))
        except FeintError as error:
            self._line.set_text(str(error))
        finally:
            self._running = False


def _within(said: str, end: float, start: float) -> float:
    """Where a slider stands: as an address says, if it says so."""
    try:
        return float(said) if 0 <= float(said) <= end else start
    except ValueError:
        return start


def _pictures(count: int) -> list[tuple[Any, Any]]:
    with ui.element("div").classes("images"):
        found: list[tuple[Any, Any]] = []
        for _ in range(count):
            with ui.element("figure"):
                found.append((ui.element("img").props('alt=""'), text("figcaption", "")))
    return found


def _put(pictures: Sequence[tuple[Any, Any]], contents: Sequence[bytes], labels: Sequence[str]) -> None:
    for (picture, caption), content, label in zip(pictures, contents, labels, strict=True):
        picture._props |= {"src": data_uri(content), "alt": label}
        picture.update()
        caption.set_text(label)


def _doubt() -> Callable[[Mapping[str, Any]], str]:
    pictures = _pictures(1)
    key = ui.html("", sanitize=False)
    chart = Chart({}, "Probabilities by three networks")
    grid = Grid(HEADS, [], caption="Measures of uncertainty")

    def fill(found: Mapping[str, Any]) -> str:
        _put(pictures, [found["png"]], ["what they see"])
        key.set_content(as_html(found["figure"]))
        chart.show(found["figure"].panels[0].chart)
        values = found["measures"]
        grid.show(
            [
                Line(name, (Cell(glossary.title(name), name), Cell(significant(3)(value), value), Cell(SAYS[name])))
                for name, value in values.items()
            ]
        )
        kind = "epistemic" if values["mutual_information"] > values["expected_entropy"] else "aleatoric"
        return f"Of {significant(3)(values['predictive_entropy'])} nats of doubt, most is {kind}."

    return fill


def _ranking() -> Callable[[Mapping[str, Any]], str]:
    key = ui.html("", sanitize=False)
    chart = Chart({}, "Risk-coverage curves")

    def fill(found: Mapping[str, Any]) -> str:
        key.set_content(as_html(found["figure"]))
        chart.show(found["figure"].panels[0].chart)
        clean, *rest = (times1000(1)(value) for value in found["aurc"])
        kept = f"{percent(1)(found['kept'])} % of labels kept"
        return f"AURC × 1000: {clean} clean" + (f", {rest[0]} attacked, {kept}." if rest else ".")

    return fill


def _moved() -> Callable[[Mapping[str, Any]], str]:
    pictures = _pictures(3)

    def fill(found: Mapping[str, Any]) -> str:
        _put(pictures, found["pictures"], found["labels"])
        told = [f"{name} ({percent(1)(share)} %)" for name, share in found["said"]]
        return f"Before: {told[0]}. After: {told[1]}. Rounded to 8 bits: {told[2]}."

    return fill
