"""Forms made of settings: a field for each, and a choice of a thing of the catalog with a field for each of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast, final

from nicegui import ui

from feint.app.web.elements import Field
from feint.runs.grammar import formatted, parsed

from .frame import text


@final
@dataclass(frozen=True)
class Asked:
    """One setting, as a form asks for it.

    Attributes:
        name: of the setting.
        choices: its values, where they are known.
        default: what holds if nothing is said.
        help: one line.
        switch: whether it is yes or no.
    """

    name: str
    choices: tuple[str, ...] = ()
    default: str = ""
    help: str = ""
    switch: bool = False


@final
@dataclass(frozen=True)
class Thing:
    """A thing of the catalog: what it is, and what can be set."""

    line: str
    settings: tuple[Asked, ...]


def field_for(asked: Asked, value: str, tell: Callable[[str], Any]) -> Field:
    """The field of one setting; an empty text stands for its default.

    Args:
        asked: which.
        value: what was said; "" for nothing.
        tell: is told what is said now.
    """
    told = f"{asked.help} (default: {asked.default})" if asked.default and "(default" not in asked.help else asked.help
    label = asked.name.replace("_", " ").replace("-", " ")
    if asked.switch:
        default = asked.default.lower() == "true"

        def switched(on: bool) -> Any:
            return tell("" if bool(on) == default else str(bool(on)).lower())

        return Field(label, "switch", value == "true" if value else default, help=told, on_change=switched)
    if asked.choices:
        options = {"": f"{asked.default or '–'}", **{each: each for each in asked.choices if each != asked.default}}
        return Field(label, "select", value, options=options, help=asked.help, on_change=tell)
    return Field(label, "text", value, help=told, on_change=lambda said: tell(str(said).strip()))


@final
class WordForm:
    """A thing of the catalog with its settings: a choice, and below it a field for each.

    Args:
        label: what is chosen.
        things: by name.
        word: what is chosen first, as a mapping with ``name``.
        tell: is told when anything changes.
        none: what stands for no choice; "" where something must be chosen.
    """

    def __init__(
        self,
        label: str,
        things: Mapping[str, Thing],
        word: Mapping[str, Any] | None,
        tell: Callable[[], Any],
        *,
        none: str = "",
    ) -> None:
        self._things = things
        self._tell = tell
        self._values: dict[str, str] = {}
        first = dict(word or {})
        self._name = str(first.pop("name", ""))
        if self._name not in things:
            self._name, first = ("" if none else next(iter(things))), {}
        for key, value in _flat(first, ""):
            self._values[key] = value
        options = {**({"": none} if none else {}), **{name: name for name in things}}
        self.field = Field(label, "select", self._name, options=options, on_change=self._chosen)
        self._line = text("p", "", "wait")
        self._below = ui.element("div")
        self._lay()

    @property
    def word(self) -> dict[str, Any] | None:
        """What is chosen, with what was said of it; None for no choice."""
        if not self._name:
            return None
        return parsed(self.text)

    @property
    def text(self) -> str:
        """The same as it is typed."""
        said = {key: value for key, value in self._values.items() if value}
        return formatted({"name": self._name, **said}) if self._name else ""

    async def _chosen(self, name: str) -> None:
        self._name, self._values = name, {}
        self._lay()
        await self._told()

    async def _told(self) -> None:
        found = self._tell()
        if hasattr(found, "__await__"):
            await found

    def _lay(self) -> None:
        self._below.clear()
        self._line.set_text(self._things[self._name].line if self._name else "")
        if not self._name or not self._things[self._name].settings:
            return
        with self._below, ui.element("details"):
            text("summary", "Settings")
            with ui.element("div").classes("columns"):
                for asked in self._things[self._name].settings:
                    field_for(asked, self._values.get(asked.name, ""), self._setter(asked.name))

    def _setter(self, name: str) -> Callable[[str], Any]:
        async def put(value: str) -> None:
            self._values[name] = value
            await self._told()

        return put


def _flat(values: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    """Settings by their names, nested ones dotted, as texts."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            inner: dict[str, Any] = dict(cast(Mapping[str, Any], value))
            if "name" in inner:
                found.append((prefix + key, str(inner.pop("name"))))
            found += _flat(inner, f"{prefix}{key}.")
        else:
            many = cast(list[Any], value) if isinstance(value, list | tuple) else [value]
            found.append((prefix + key, ",".join(map(str, many))))
    return found
