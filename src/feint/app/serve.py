"""`feint serve`: the workbench, pages in the browser over all runs that the store knows.

    feint serve
    feint serve --port 8000 --out path/to/runs
    feint serve --host 0.0.0.0

It listens on this machine alone unless --host says else; whoever comes from elsewhere needs the token that is printed
when it starts. It wants the extra web: pip install 'feint[web]'.
"""

import argparse
import importlib.util
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from feint.app.cli import Parser
from feint.app.experiment import RUNS, VICTIMS
from feint.errors import SpecError

PORT = 8765


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What opens the workbench.

    Raises:
        SpecError: arguments that are wrong, or the extra is not installed.
    """
    parser = Parser(
        prog="feint serve",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, help=f"(default: {PORT})")
    parser.add_argument(
        "--out", type=Path, default=RUNS, metavar="FOLDER", help=f"of its jobs' runs, shown too (default: {RUNS})"
    )
    parser.add_argument(
        "--victims", type=Path, default=VICTIMS, metavar="FOLDER", help=f"of trained victims (default: {VICTIMS})"
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a name that this machine is reached by, beside its address; may be repeated",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_all(arguments)
    _check(options)
    if importlib.util.find_spec("nicegui") is None:
        raise SpecError("serve: expected the extra web, got none; pip install 'feint[web]' adds it")

    def run() -> None:
        from feint.app.store.runs import open_store

        open_store().close()  # a workbench without it would complain every second
        from feint.app.web.serve import serve

        serve(options.host, options.port, options.out, options.victims, names=[name.lower() for name in options.name])

    return run


def _check(options: argparse.Namespace) -> None:
    """Raise a SpecError for what cannot be listened on or looked into."""
    if not 0 < options.port < 65536:
        raise SpecError(f"port: expected 1 to 65535, got {options.port}")
    if not options.host:  # a socket would take it for everybody
        raise SpecError("host: expected an address of this machine, got nothing; 0.0.0.0 stands for all of them")
    try:
        socket.create_server(
            (options.host, 0), family=socket.AF_INET6 if ":" in options.host else socket.AF_INET
        ).close()
    except (OSError, UnicodeError, TypeError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        raise SpecError(f"host: expected an address of this machine, got {options.host!r} ({reason})") from error
    for name in options.name:
        if not re.fullmatch(r"[\w.-]+|[\da-fA-F:]+", name):
            raise SpecError(f"name: expected a host's, such as lab.example.org, got {name!r}")
    for name, folder in (("out", options.out), ("victims", options.victims)):
        if folder.exists() and not folder.is_dir():
            raise SpecError(f"{name}: expected a folder, got the file {folder}")
