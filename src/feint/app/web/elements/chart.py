"""A chart of a report: its specification in Vega-Lite, drawn as on the report's page."""

import json
from collections.abc import Callable, Mapping
from typing import Any, final

from nicegui.element import Element

from feint.reports.theme import theme


@final
class Chart(Element, component="chart.js"):
    """A chart.

    Args:
        spec: its specification in Vega-Lite, of width "container".
        alt: what it shows, in words.
        on_picked: is told the datum of the mark that somebody clicks.
    """

    def __init__(
        self, spec: Mapping[str, Any], alt: str, on_picked: Callable[[Mapping[str, Any]], Any] | None = None
    ) -> None:
        super().__init__()
        self._props["theme"] = json.dumps(theme(None))
        self._props["alt"] = alt
        self.show(spec)
        if on_picked is not None:
            self.on("picked", lambda event: on_picked(event.args))

    def show(self, spec: Mapping[str, Any]) -> None:
        """Draw another specification in its place."""
        self._props["square"] = "usermeta" in spec
        self._props["spec"] = json.dumps(spec, allow_nan=False)
        self.update()
