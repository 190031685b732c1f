"""A pad to draw a digit on."""

from collections.abc import Callable, Mapping
from typing import Any, final

from nicegui.element import Element


@final
class Pad(Element, component="pad.js"):
    """A pad; what was drawn is sent as a picture.

    Args:
        url: of the API's, which takes pictures.
        on_uploaded: is told the answer.
    """

    def __init__(self, url: str, on_uploaded: Callable[[Mapping[str, Any]], Any]) -> None:
        super().__init__()
        self._props["url"] = url
        self.on("uploaded", lambda event: on_uploaded(event.args))
