"""What is chosen on a page: one state, which all of its charts show."""

from collections.abc import Mapping
from typing import Any, final

from nicegui.element import Element


@final
class Selection(Element, component="selection.js"):
    """Tells charts what of them is chosen, and which places are marked on them."""

    def __init__(self) -> None:
        super().__init__()
        self._props["charts"] = {}

    def show(self, charts: Mapping[str, Mapping[str, Any]]) -> None:
        """Show another choice.

        Args:
            charts: by the id of a chart's element ``keys`` and ``texts`` of marks that are chosen, all where there are
                none, and ``places``, each with ``x``, and with ``y`` where it is a point.
        """
        self._props["charts"] = {chart: dict(each) for chart, each in charts.items()}
        self.update()
