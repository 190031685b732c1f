"""A file of the visitor's, or a picture that their camera takes, sent to the API."""

from collections.abc import Callable, Mapping
from typing import Any, final

from nicegui.element import Element


@final
class Upload(Element, component="upload.js"):
    """A choice of a file, which is sent at once.

    Args:
        label: what it is for.
        url: of the API's, which takes the bytes and answers in JSON.
        accept: kinds of files that are offered.
        most: bytes.
        on_uploaded: is told the answer.
        camera: whether a picture is taken instead, by the browser where it may, else by a phone.
    """

    def __init__(
        self,
        label: str,
        url: str,
        *,
        accept: str,
        most: int,
        on_uploaded: Callable[[Mapping[str, Any]], Any],
        camera: bool = False,
    ) -> None:
        super().__init__()
        for name, value in {"label": label, "url": url, "accept": accept, "most": most, "camera": camera}.items():
            self._props[name] = value
        self.on("uploaded", lambda event: on_uploaded(event.args))
