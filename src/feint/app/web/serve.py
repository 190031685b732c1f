"""The server: one FastAPI application with the API, NiceGUI's pages on it, and the guard before both."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from nicegui import ui

from feint.app.output import say
from feint.errors import FeintError, SpecError
from feint.reports.page import style
from feint.reports.vega import drawing, scripts

from . import api, pages
from .desk import Desk
from .security import Guard, Rules, is_loopback

HERE = Path(__file__).parent
ANYWHERE = {"0.0.0.0": ("127.0.0.1", "192.0.2.1"), "::": ("[::1]", "2001:db8::1")}
"""Addresses that stand for all of this machine: one of them to type here, and one elsewhere that nobody has."""


def application(desk: Desk, rules: Rules) -> FastAPI:
    """The workbench as an application."""
    app = FastAPI(title="feint", docs_url=None, redoc_url=None, openapi_url=None)
    _assets(app)
    app.mount("/api/v1", api.application(desk))
    pages.register(desk)
    app.router.on_shutdown.append(desk.close)

    async def look_after() -> None:
        await _look_after(desk)

    app.router.on_startup.append(look_after)
    typed: Any = ui  # whose types are partly unknown
    look: dict[str, Any] = {"title": "feint", "dark": None, "language": "en-US", "tailwind": False}
    # On a busy machine a socket may be silent for some seconds; the page need not begin anew.
    typed.run_with(app, **look, show_welcome_message=False, reconnect_timeout=30.0)
    app.add_middleware(Guard, rules=rules)
    return app


async def _look_after(desk: Desk) -> None:
    """Look after the jobs for as long as the server is open."""

    async def often() -> None:
        while True:
            try:
                await asyncio.to_thread(desk.jobs.tick)
            except Exception as error:  # the store may be busy; the next time will do
                logging.getLogger("feint").warning("jobs: %s", error)
            await asyncio.sleep(1.0)

    async def warm() -> None:
        await asyncio.sleep(1.0)  # the first page goes first
        with contextlib.suppress(FeintError):  # whoever asks will hear
            await desk.studio.call("feint.app.web.studio.pictures:about", victim={})
            await desk.catalog()

    desk.tasks += [asyncio.create_task(often()), asyncio.create_task(warm())]


def _assets(app: FastAPI) -> None:
    """Style and scripts of ours; Vega's come from vl-convert, which carries them."""
    kept: dict[str, str] = {}

    def sheet() -> Response:
        return Response(style() + (HERE / "style.css").read_text(encoding="utf-8"), media_type="text/css")

    def script() -> Response:
        if not kept:
            kept["draw"] = f"{scripts()}\n{drawing()}"
        heads = {"cache-control": "max-age=3600"}
        return Response(kept["draw"], media_type="text/javascript", headers=heads)

    app.add_api_route("/assets/style.css", sheet, include_in_schema=False)
    app.add_api_route("/assets/draw.js", script, include_in_schema=False)
    ui.add_head_html('<link rel="stylesheet" href="/assets/style.css">', shared=True)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of NiceGUI's log is to be shown: not that somebody has left whose page was being filled."""
    told = f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}"
    return record.levelno >= logging.ERROR and "has been deleted" not in told


def addresses(host: str, names: Sequence[str] = ()) -> list[str]:
    """What to type to reach a server: first on this machine, then, where it listens everywhere, on others.

    >>> addresses("::1"), addresses("192.0.2.7"), addresses("0.0.0.0", ["lab.example.org"])
    (['[::1]'], ['192.0.2.7'], ['127.0.0.1', 'lab.example.org'])
    """
    if host not in ANYWHERE:
        return [f"[{host}]" if ":" in host else host]
    here, there = ANYWHERE[host]
    if names:  # it answers to these alone
        return [here, *names]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.connect((there, 9))  # which sends nothing, and says by which address this machine is seen
        own = asked.getsockname()[0]
        return [here, f"[{own}]" if ":" in own else own]
    return [here, socket.gethostname()]


def serve(host: str, port: int, runs: Path, victims: Path, *, names: Sequence[str] = ()) -> None:
    """Open the workbench, and keep it open until Ctrl-C.

    Raises:
        SpecError: the address cannot be listened on.
    """
    rules = Rules.of(host, names)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SpecError(f"port: expected one that is free at {host}, got {port} ({error.strerror})") from error
    logging.getLogger("nicegui").addFilter(_is_news)
    desk = Desk(runs, victims)
    desk.shelf.entries()  # read before anybody asks
    config = uvicorn.Config(
        application(desk, rules), log_level="warning", access_log=False, timeout_graceful_shutdown=3
    )
    token = "" if rules.token is None else f"?token={rules.token}"
    here, *others = addresses(host, names)
    say(f"the workbench is at http://{here}:{port}/{token} (Ctrl-C ends it)")
    for other in others:
        say(f"from other machines: http://{other}:{port}/{token}")
    if not is_loopback(host):
        say("others can reach this address; it is not encrypted, and whoever has the token may do all that you may")
    with contextlib.suppress(KeyboardInterrupt):  # how it ends
        uvicorn.Server(config).run(sockets=[listening])
