"""`feint runs`: what was run, found again.

    feint runs                                       the latest
    feint runs --experiment audit --since 7d cifar   audits of the last week that speak of cifar
    feint runs --state interrupted                   with the commands that go on with them
    feint runs show audit-0123                       all about one, by its id or the beginning of it
    feint runs export runs.csv --victim lenet        to CSV or Parquet
    feint runs delete audit-0123456789               the folder too, after a question
    feint runs --rescan feint-runs                   look for runs in a folder

The list is an index in the user's data folder, or on the server that FEINT_DATABASE_URL names. Run folders are the
truth: --rescan builds the list again from them.
"""

import argparse
import gc
import json
import re
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feint import catalog
from feint.app.cli import Parser
from feint.app.output import say
from feint.errors import SpecError

if TYPE_CHECKING:
    from feint.runs.store.listing import Listed, Wanted
    from feint.runs.store.store import Store

SHOWN = 50
VERBS = ("show", "export", "delete")
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What lists runs, or does something to them.

    Raises:
        SpecError: arguments that are wrong.
    """
    if arguments and arguments[0] in VERBS:
        return _verb(arguments[0], arguments[1:])
    parser = _parser("feint runs")
    add_filters(parser)
    parser.add_argument("--limit", type=int, default=SHOWN, help=f"so many at most; 0 for all (default: {SHOWN})")
    parser.add_argument(
        "--rescan", nargs="?", type=Path, const=Path("feint-runs"), metavar="FOLDER",
        help="first look for runs in a folder (default: feint-runs)",
    )  # fmt: skip
    options = parser.parse_all(arguments)
    if options.limit < 0:
        raise SpecError(f"limit: expected 0 or more, got {options.limit}")
    wanted = wanted_of(options)
    return lambda: _list(wanted, options)


def _verb(verb: str, arguments: Sequence[str]) -> Callable[[], None]:
    parser = _parser(f"feint runs {verb}")
    if verb == "export":
        parser.add_argument("file", type=Path, metavar="FILE", help="FILE.csv or FILE.parquet")
        add_filters(parser)
        options = parser.parse_all(arguments)
        if options.file.suffix not in (".csv", ".parquet"):
            raise SpecError(f"file: expected FILE.csv or FILE.parquet, got {options.file}")
        wanted = wanted_of(options)
        return lambda: _export(options.file, wanted)
    many = "+" if verb == "delete" else None
    parser.add_argument("run", nargs=many, metavar="RUN", help="its id, the beginning of it, or its folder")
    if verb == "delete":
        parser.add_argument("--yes", action="store_true", help="do not ask")
        options = parser.parse_all(arguments)
        return lambda: _delete(options.run, options.yes)
    options = parser.parse_all(arguments)
    return lambda: _show(options.run, options.json)


def _parser(title: str) -> Parser:
    parser = Parser(
        prog=title, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    if not title.endswith(("delete", "export")):
        parser.add_argument("--json", action="store_true", help="print it for machines, and nothing else")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def add_filters(parser: Any) -> None:
    """The flags that say which runs."""
    parser.add_argument(
        "text", nargs="*", default=[], metavar="TEXT", help="words that stand somewhere in what is known of a run"
    )
    parser.add_argument("--experiment", metavar="NAME", help="audit, attack, ...")
    parser.add_argument("--victim", metavar="NAME", help="a part of its name, or the beginning of its weights' hash")
    parser.add_argument("--data", metavar="NAME", help="a part of their name, or the beginning of their hash")
    parser.add_argument("--state", choices=("complete", "running", "interrupted"), help="how far it is")
    parser.add_argument(
        "--since", metavar="TIME", help="begun no earlier: 2026-11-26, 2026-11-26T14:00, or 12h, 7d, 2w"
    )
    parser.add_argument(
        "--sort", default="-created", metavar="COLUMN", help="such as aurc, or --sort=-aurc from the largest down"
    )


def wanted_of(options: argparse.Namespace) -> "Wanted":
    """Which runs the flags ask for.

    Raises:
        SpecError: a time or a column that is none.
    """
    since = None if options.since is None else moment(options.since)
    with unhindered():
        from feint.runs.store.listing import SORTED, Wanted

    if options.sort.removeprefix("-") not in SORTED:
        raise SpecError(f"sort: expected one of {', '.join(SORTED)}, - before it, got {options.sort!r}")
    return Wanted(
        experiment=options.experiment,
        victim=options.victim,
        data=options.data,
        state=options.state,
        since=since,
        text=tuple(options.text),
        sort=options.sort,
        limit=getattr(options, "limit", 0) or None,
    )


def moment(text: str) -> float:
    """A time in seconds since 1970: a date, a time of this machine's zone, or so long ago.

    Raises:
        SpecError: it is none.
    """
    if found := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return time.time() - int(found[1]) * _UNITS[found[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise SpecError(f"since: expected a date such as 2026-11-26, or 12h, 7d, 2w, got {text!r}") from error


@contextmanager
def unhindered() -> Generator[None]:
    """Inside, nobody looks for garbage: what is imported stays, and the looking takes a sixth of the time."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def open_store() -> "Store":
    """The store, with what runs have told it since."""
    with unhindered():
        from feint.runs.store.store import Store

        store = Store.open()
    store.refresh()
    return store


def _list(wanted: "Wanted", options: argparse.Namespace) -> None:
    from feint.app.store.listing import goes_on, table

    with open_store() as store:
        if options.rescan is not None:
            _rescan(store, options.rescan)
        runs = _found(store, wanted)
        every = len(runs) if wanted.limit is None or len(runs) < wanted.limit else store.count(wanted)
    if options.json:
        say(json.dumps([asdict(run) for run in runs], indent=2))
        return
    if not runs:
        from feint.runs.settings import near

        meant = near(wanted.text[0], VERBS) if wanted.text else ""
        say("no runs" if not every and _all(wanted) else f"no runs that fit{meant}")
        return
    say(table(runs))
    if every > len(runs):
        say(f"\n{len(runs)} of {every} runs; --limit 0 shows all")
    if left := [run for run in runs if run.state == "interrupted"]:
        say("\ninterrupted; what was computed is kept, and the same command goes on from there:")
        say("\n".join(f"  {goes_on(run)}" for run in left))


def _found(store: "Store", wanted: "Wanted") -> "list[Listed]":
    """Runs that fit.

    Raises:
        SpecError: there is no such experiment, neither in the catalog nor among runs.
    """
    from feint.runs.settings import near
    from feint.runs.store.listing import Wanted

    runs, name = store.runs(wanted), wanted.experiment
    known = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    if not runs and name is not None and name not in known and not store.count(Wanted(experiment=name)):
        raise SpecError(f"experiment: expected one of {', '.join(known)}, got {name!r}{near(name, known)}")
    return runs


def _all(wanted: "Wanted") -> bool:
    return not wanted.text and all(
        each is None for each in (wanted.experiment, wanted.victim, wanted.data, wanted.state, wanted.since)
    )


def _rescan(store: "Store", folder: Path) -> None:
    from tqdm import tqdm

    with tqdm(desc="rescan", unit=" runs", disable=None) as bar:
        found = store.rescan(folder, lambda done: bar.update(done - bar.n))
    for each in found.damaged:
        print(f"feint: warning: {each}", file=sys.stderr)
    told = f"{found.gone} gone, " if found.gone else ""
    print(f"feint: {found.found} runs in {folder}; {told}{len(found.damaged)} damaged", file=sys.stderr)


def _show(name: str, as_json: bool) -> None:
    from feint.app.store.listing import shown

    with open_store() as store:
        known = store.show(name)
    say(json.dumps(asdict(known), indent=2) if as_json else shown(known))


def _export(file: Path, wanted: "Wanted") -> None:
    from feint.app.store.export import export

    with open_store() as store:
        runs = _found(store, wanted)
        rows = export(file, runs, store.metrics(runs))
    say(f"{file}: {rows} rows of {len(runs)} runs")


def _delete(names: Sequence[str], yes: bool) -> None:
    from feint.runs.store.removal import remove

    with open_store() as store:
        runs = list({run.key: run for run in map(store.find, names)}.values())
        for run in runs:
            if not yes and not _agreed(f"delete {run.folder}?"):
                raise SpecError(
                    f"expected yes, or --yes, to delete {run.folder}, got neither; nothing was deleted of it"
                )
            kept = remove(store, run)
            say(f"deleted {run.folder}" + (f", but for {', '.join(kept)}" if kept else ""))


def _agreed(question: str) -> bool:
    from feint.printable import printable

    if not sys.stdin or not sys.stdin.isatty():
        return False
    print(f"{printable(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
