"""`feint query "select ..."`: the records of all runs, asked with SQL (DuckDB's). It can only read.

    feint query "select * from runs"
    feint query "select run, radius, avg(brier) from audit.records where variant = 'attacked' group by all"
    feint query 'select * from "audit-0123456789".records limit 5' --format csv
    feint query "select victim, radius, value from metrics join runs using (run) where name = 'aurc'" --format json

Tables: runs, victims, data_sets and metrics, as the store has them; NAME.records and so on, of all runs of an
experiment, with a column "run"; "RUN".records, of one run.
"""

import argparse
from collections.abc import Callable, Sequence

from feint.app.cli import Parser
from feint.app.output import say

FORMATS = ("text", "csv", "json")


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What asks.

    Raises:
        SpecError: arguments that are wrong.
    """
    parser = Parser(
        prog="feint query",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("sql", metavar="SQL", help="one SELECT")
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_all(arguments)
    return lambda: _ask(options.sql, options.format)


def _ask(sql: str, kind: str) -> None:
    from feint.app.store.answer import written
    from feint.app.store.runs import open_store
    from feint.runs.store.query import ask

    with open_store() as store:
        for part in written(ask(store, sql), kind):
            say(part)
