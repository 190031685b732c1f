"""`feint compare RUN RUN...`: settings that differ, and what came of them, side by side.

    feint compare audit-0123 audit-4567
    feint compare audit-0123 audit-4567 --all     every number of their summaries

A run is called by its id, the beginning of it, or its folder.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from feint.app.cli import Parser
from feint.app.output import say
from feint.errors import SpecError

if TYPE_CHECKING:
    from feint.runs.store.listing import Known


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What compares runs.

    Raises:
        SpecError: arguments that are wrong.
    """
    parser = Parser(
        prog="feint compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="its id, the beginning of it, or its folder")
    parser.add_argument("--all", action="store_true", help="every number of their summaries")
    parser.add_argument("--json", action="store_true", help="print it for machines, and nothing else")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_all(arguments)
    if len(options.runs) < 2:
        raise SpecError(f"runs: expected two or more, got {len(options.runs)}")
    return lambda: _compare(options)


def _compare(options: argparse.Namespace) -> None:
    from feint.app.store.runs import open_store
    from feint.runs.store.comparison import compared

    with open_store() as store:
        known = [store.show(name) for name in options.runs]
    found = compared(known, every=options.all)
    if options.json:
        say(json.dumps(found, indent=2))
        return
    say(_told(known, found))


def _told(known: "Sequence[Known]", found: dict[str, Any]) -> str:
    from feint.app.store.listing import cut
    from feint.printable import aligned

    ids = [cut(each.run.id, 40) for each in known]
    parts = [f"not comparable: {why}" for why in found["differences"]]
    for title, left in (("settings", True), ("metrics", False)):
        rows: list[list[str]] = [[cut(name, 48), *map(_cell, values)] for name, values in found[title].items()]
        if rows:
            parts.append(aligned([[title, *ids]], rows, [True, *([left] * len(ids))]))
        else:
            parts.append(f"{title}: " + ("no difference" if left else "none in common"))
    return "\n\n".join(parts)


def _cell(value: Any) -> str:
    from feint.app.store.listing import cut

    if value is None:
        return "-"
    return (
        f"{value:.6g}" if isinstance(value, float) else cut(value if isinstance(value, str) else json.dumps(value), 40)
    )
