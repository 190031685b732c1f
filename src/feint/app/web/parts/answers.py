"""What came of an attack on one image, as elements that are filled again and again."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from nicegui import ui
from nicegui.element import Element

from feint.app.web.elements import Chart, Grid
from feint.app.web.elements.grid import Cell, Head, Line
from feint.experiments import glossary
from feint.reports import charts
from feint.reports.formats import percent, significant
from feint.reports.images import data_uri, png
from feint.reports.names import clean, short
from feint.reports.page import block as as_html

from .frame import text

SHOWN = 10
"""Classes in the chart: those of the largest probability, before or after."""
HEADS = (
    Head("measure", "uncertainty", name=True),
    Head("before", "before"),
    Head("after", "after"),
    Head("rounded", "after", "8 bits"),
)


@final
class Answer:
    """A victim's side of the page.

    Attributes:
        box: all of it.
        attacked: the attacked image as PNG, once there is one.
    """

    def __init__(self) -> None:
        self.attacked: bytes | None = None
        self.box = ui.element("section")
        with self.box:
            self._name = text("h2", "")
            self._finding = text("p", "", "finding")
            with ui.element("div").classes("images"):
                self._images = [_picture() for _ in range(3)]
            text("h3", "Probabilities")
            self._key = ui.html("", sanitize=False)
            self._chart = Chart({}, "Probabilities before and after the attack")
            text("h3", "Every measure of uncertainty")
            self._grid = Grid(HEADS, [], caption="Measures of uncertainty before and after")
            self._cost = text("p", "", "wait")

    def show(self, found: Mapping[str, Any]) -> str:
        """Fill it; what was found, in one line."""
        names = found["classes"]
        before, after, rounded = found["before"], found["after"], found["rounded"]
        self._name.set_text(clean(found["victim"]))
        line = sentence(found)
        self._finding.set_text(line)
        for (picture, caption), image, label in zip(self._images, found["pictures"], found["labels"], strict=True):
            _fill(picture, png(image, largest=512), label, small=max(image.shape[:2]) < 200)
            caption.set_text(label)
        self.attacked = png(found["pictures"][2], largest=4096)
        figure = _probabilities(names, before, after)
        self._key.set_content(as_html(figure))
        self._chart._props["alt"] = clean(figure.alt)  # pyright: ignore[reportPrivateUsage]
        self._chart.show(figure.panels[0].chart)
        self._grid.show([_line(name, before, after, rounded) for name in before["measures"]])
        self._cost.set_text(cost(found))
        return line


def _picture() -> tuple[Element, Any]:
    with ui.element("figure"):
        return ui.element("img").props('alt=""'), text("figcaption", "")


def _fill(picture: Element, content: bytes, label: str, *, small: bool) -> None:
    picture._props |= {"src": data_uri(content), "alt": label}  # pyright: ignore[reportPrivateUsage]
    picture.classes(replace="" if small else "smooth")
    picture.update()


def sentence(found: Mapping[str, Any]) -> str:
    """What the attack came to."""
    names, before, after = found["classes"], found["before"], found["after"]
    first, last = names[before["prediction"]], names[after["prediction"]]
    was, now = (percent(1)(max(each["probabilities"])) for each in (before, after))
    known = "" if found["label"] is None else f" It is {names[found['label']]}."
    judged = ", by fresh draws" if found["draws"] else ""
    if found["changed"]:
        return f"{first} ({was} %) has become {last} ({now} %){judged}.{known}"
    kept = f"{first} is kept; its confidence went from {was} to {now} %{judged}.{known}"
    return kept if found["feasible"] else f"No point within this radius does what the attack wants. {kept}"


def cost(found: Mapping[str, Any]) -> str:
    """How far the attacked image is away, and what finding it took."""
    write = significant(3)
    distances = found["distances"]
    told = [f"L-inf {write(distances['linf'])}", f"L2 {write(distances['l2'])}"]
    told += [f"perceptual distance {write(distances['perceptual'])}"] if "perceptual" in distances else []
    survives = found["rounded"]["prediction"] == found["after"]["prediction"]
    told.append("the label survives 8 bits" if survives else "the label does not survive 8 bits")
    for count, one, many in ((found["gradients"], "gradient", "gradients"), (found["queries"], "query", "queries")):
        told.append(f"{count:,} {one if count == 1 else many}")
    told.append(f"{1000 * found['seconds']:.0f} ms")
    if found["directionless"]:
        told.insert(0, "all gradients were zero, which is not robustness")
    return "; ".join(told) + "."


def _probabilities(names: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> Any:
    """Bars before and after; of a stochastic victim with the spread over its draws."""
    largest = sorted(range(len(names)), key=lambda at: -max(before["probabilities"][at], after["probabilities"][at]))
    shown = sorted(largest[:SHOWN])
    both = (before, after)
    groups = [
        (title, [each["probabilities"][at] for at in shown])
        for title, each in zip(("before", "after"), both, strict=True)
    ]
    spreads = [[_spread(each["draws"], at) for at in shown] for each in both] if before["draws"] else []
    labels, shades = [short(names[at], 30) for at in shown], (charts.CLEAN, charts.WRONG)
    told: dict[str, Any] = {"axis": "probability (%)", "times": 100, "spreads": spreads}
    return charts.bars("probabilities", "Probabilities", labels, groups, shades, **told)


def _spread(draws: Sequence[Sequence[float]], at: int) -> tuple[float, float]:
    """From the tenth to the ninetieth percentile of a class's probability over the draws."""
    values = sorted(draw[at] for draw in draws)
    last = len(values) - 1
    return values[round(0.1 * last)], values[round(0.9 * last)]


def _line(name: str, before: Mapping[str, Any], after: Mapping[str, Any], rounded: Mapping[str, Any]) -> Line:
    values = [each["measures"][name] for each in (before, after, rounded)]
    cells = (Cell(significant(3)(value), value) for value in values)
    return Line(name, (Cell(glossary.title(name), name), *cells))
