"""An address that leads nowhere: a page that says so and leads on, instead of the library's own."""

from typing import Any

from fastapi import Request, Response
from fastapi.exception_handlers import http_exception_handler
from nicegui import Client, app, ui
from starlette.exceptions import HTTPException

from feint.app.web.desk import Desk
from feint.app.web.parts.frame import frame, link, wrong


def register(desk: Desk) -> None:
    """Answer every address that no page has."""
    del desk  # nothing of it is shown
    inner: Any = app

    async def missing(request: Request, error: Exception) -> Response:
        ours = request.scope.get("endpoint")
        if ours is not None and ours is not app and isinstance(error, HTTPException):
            return await http_exception_handler(request, error)  # a file that is not there, which is no page
        with Client(ui.page(""), request=request) as client, frame("No such page", ""):
            wrong(f"page: expected one of those above, got {request.url.path[:60]!r}")
            with ui.element("div").classes("bar"):
                link("See all runs", "/").classes("button main")
        return client.build_response(request, 404)

    inner.add_exception_handler(404, missing)
