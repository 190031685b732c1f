"""A square map over a plane, to hover over, click and draw a line on."""

from collections.abc import Callable, Sequence
from typing import Any, final

from nicegui.element import Element

Place = Sequence[float]


@final
class Plane(Element, component="plane.js"):
    """A map.

    Args:
        alt: what it shows and how it is used, in words.
        on_hovered: is told the place under the pointer, now and then.
        on_pinned: is told a place that was clicked.
        on_drawn: is told both ends of a line.
    """

    def __init__(
        self,
        alt: str,
        *,
        on_hovered: Callable[[Place], Any],
        on_pinned: Callable[[Place], Any],
        on_drawn: Callable[[Sequence[Place]], Any],
    ) -> None:
        super().__init__()
        self._props["alt"] = alt
        self._props["end"] = 1
        self.on("hovered", lambda event: on_hovered(event.args))
        self.on("pinned", lambda event: on_pinned(event.args))
        self.on("drawn", lambda event: on_drawn(event.args))

    def show(self, src: str, end: float, points: Sequence[tuple[float, float, str, str]]) -> None:
        """Show another map: an image, how far it reaches from 0, and places with their colours and names.

        Names of up to two letters stand where the places are, so that colours need not be told apart; longer ones in
        the middle of all places that have them.
        """
        self._props["src"], self._props["end"], self._props["points"] = src, end, [list(each) for each in points]
        self.update()

    def show_marks(self, *, pin: Place | None = None, line: Sequence[Place] | None = None) -> None:
        """Mark a place, or a line."""
        self._props["pin"], self._props["line"] = list(pin or ()), [list(each) for each in line or ()]
        self.update()
