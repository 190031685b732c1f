"""What is chosen on a run's page: it stands out in every chart, and the images behind it are shown and marked."""

from collections.abc import Callable, Mapping
from typing import Any, final

from nicegui import ui
from nicegui.element import Element

from feint.app.web.desk import Desk
from feint.app.web.elements import Field
from feint.errors import FeintError
from feint.reports.images import data_uri

from .frame import button, text
from .linked import Linked
from .picked import names

EVERYTHING = "everything"


@final
class Chosen:
    """One visitor's choice.

    Args:
        desk: whose studio.
        run: its name.
        linked: the charts.
        behind: where images are shown.
        tell: is told of every change.
    """

    def __init__(self, desk: Desk, run: str, linked: Linked, behind: Element, tell: Callable[[], Any]) -> None:
        self._desk = desk
        self._run = run
        self._linked = linked
        self._behind = behind
        self._tell = tell
        self._where: dict[str, Any] = {}
        self._tried: Mapping[str, Any] = {}
        self._items: list[Mapping[str, Any]] = []
        self._only = ""
        self._field: Field | None = None

    @property
    def said(self) -> dict[str, Any]:
        """The same as it stands in an address."""
        return {**self._where, **({"only": self._only} if self._only else {})}

    def offer(self) -> None:
        """A field that does what a click on a chart does, for those who do not click."""
        self._field, names = None, self._linked.names
        if names:
            options = {"": EVERYTHING, **{name: name for name in names}}
            told, head = "A click on a chart chooses too.", "Let stand out in every chart that has it"
            with ui.element("div").classes("filters"):
                self._field = Field(head, "select", "", options=options, help=told, on_change=self._focus)
        self.show()

    async def _focus(self, name: str) -> None:
        self.clear()
        self._where = {"focus": name} if name else {}
        self.show()
        self._tell()

    def clear(self) -> None:
        """Choose nothing."""
        self._where, self._items, self._only = {}, [], ""
        self._behind.clear()
        self._behind.set_visibility(False)

    def forget(self, key: str) -> None:
        """Choose nothing, if what is chosen speaks of that."""
        if key in self._where:
            self.clear()

    def show(self, tried: Mapping[str, Any] | None = None) -> None:
        """Let the charts show it, or, where nothing is chosen, what a threshold is tried on."""
        self._tried = self._tried if tried is None else tried
        found = names(self._where or {name: self._tried[name] for name in ("on",) if name in self._tried})
        places = [place for item in self._items if self._only in ("", str(item["sample"])) for place in item["places"]]
        self._linked.show(found, places)
        if self._field is not None:
            known = self._linked.names
            self._field.put(next((name for name in found if name in known), ""))

    async def look(self, where: Mapping[str, Any], only: str = "") -> None:
        """Choose what a mark stands for, and show the images behind it; nothing where it says nothing."""
        if not where:
            return
        self._where, self._only, self._items = dict(where), only, []
        self._tell()
        if "focus" in where:
            self.show()
            return
        found: dict[str, Any] = {"items": []}
        try:
            asked = {"path": str(self._desk.shelf.path(self._run)), "where": dict(where)}
            found = await self._desk.studio.call("feint.app.web.studio.behind:behind", **asked)
        except FeintError as error:
            found["told"] = str(error)
        self._items = found["items"]
        self.show()
        self._behind.clear()
        self._behind.set_visibility(True)
        with self._behind:
            text("h2", "Images behind it").props('tabindex="-1"')
            text("p", found["told"]).props('role="status"')
            if any(item["places"] for item in self._items):
                text("p", "Dashed lines and rings in the charts say where they lie.", "wait")
            with ui.element("div").classes("bar"):
                button("Choose nothing", self._nothing)
            with ui.element("div").classes("items"):
                for item in self._items:
                    self._item(item)
        ui.run_javascript(f"getHtmlElement({self._behind.id}).scrollIntoView({{block: 'start'}})")

    def _nothing(self) -> None:
        self._where, self._items, self._only = {}, [], ""
        self.show()
        self._tell()
        self.clear()  # at last, for the button that was pressed goes with it

    def _item(self, item: Mapping[str, Any]) -> None:
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
            if item["places"]:
                mark = button("Mark it alone in the charts", lambda: self._alone(mark, str(item["sample"])), "plain")
                mark.props(f'aria-pressed="{str(self._only == str(item["sample"])).lower()}"')

    def _alone(self, mark: Element, sample: str) -> None:
        """Mark one image alone in the charts, or all of them again."""
        self._only = "" if self._only == sample else sample
        for child in self._behind.descendants():
            if "aria-pressed" in child.props:
                child.props('aria-pressed="false"')
        if self._only:
            mark.props('aria-pressed="true"')
        self.show()
        self._tell()
