"""A labelled native control: text, choice, switch or slider."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, final

from nicegui.element import Element

Kind = Literal["text", "area", "select", "switch", "range"]


@final
class Field(Element, component="field.js"):
    """A control with its label and its help.

    Args:
        label: what it is called.
        kind: of control.
        value: what it shows first.
        options: of a choice, or suggestions for a text: value -> what is shown.
        help: one line below it.
        span: of a slider: from, to, and how far a step goes.
        on_change: is told the new value.
    """

    def __init__(
        self,
        label: str,
        kind: Kind = "text",
        value: str | float | bool = "",
        *,
        options: Mapping[str, str] | Sequence[str] = (),
        help: str = "",
        span: tuple[float, float, float] | None = None,
        on_change: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__()
        self.value = value
        self._props["label"] = label
        self._props["kind"] = kind
        self._props["value"] = value
        self._props["help"] = help
        self.choose(options)
        if span is not None:
            self._props["low"], self._props["high"], self._props["step"] = span
        self._tell = on_change
        self.on("changed", self._changed)

    async def _changed(self, event: Any) -> None:
        self.value = event.args
        self._props["value"] = self.value
        if self._tell is not None:
            found = self._tell(self.value)
            if hasattr(found, "__await__"):
                await found

    def choose(self, options: Mapping[str, str] | Sequence[str]) -> None:
        """Offer other choices."""
        named = options if isinstance(options, Mapping) else {each: each for each in options}
        self._props["options"] = [{"value": value, "label": label} for value, label in named.items()]
        self.update()

    def put(self, value: str | float | bool) -> None:
        """Show another value."""
        self.value = value
        self._props["value"] = value
        self.update()

    def say(self, *, shown: str | None = None, wrong: str | None = None) -> None:
        """Show what a slider stands at, or what is wrong with the value."""
        for name, text in (("shown", shown), ("wrong", wrong)):
            if text is not None:
                self._props[name] = text
        self.update()
