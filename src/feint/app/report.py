"""`feint report RUN`: make a run's report again from its folder alone; neither data nor weights are needed.

    feint report feint-runs/audit-0123456789
    feint report feint-runs/audit-0123456789 --format pdf --out figures

html is one page that opens offline; png, svg and pdf are the figures; md is the report as Markdown with its figures as
SVG; json is the report as data; csv the tables.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from feint import catalog
from feint.app.cli import Parser
from feint.app.output import say
from feint.errors import StoreError
from feint.reports.report import Report

FORMATS = ("html", "png", "svg", "pdf", "md", "json", "csv")


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What makes a report again.

    Raises:
        SpecError: arguments that are wrong.
    """
    parser = Parser(
        prog="feint report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--format", choices=FORMATS, default="html", help="(default: html)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where files go (default: the folder of the run)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_all(arguments)
    return lambda: _run(options.run, options.format, options.out or options.run)


def _run(folder: Path, kind: Any, out: Path) -> None:
    from feint.runs.result import Result
    from feint.runs.run import Run, read_state
    from feint.runs.things import loaded

    name = read_state(folder)["experiment"]
    names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    if name not in names:
        raise StoreError(f"{folder}: expected a run of {', '.join(names)}, got one of {name}")
    from feint.runs.runners.local import read_summary

    experiment = loaded(names[name])
    run, summary = Run.load(folder, experiment), read_summary(folder)
    report = Result(run, summary).report
    if kind == "json":
        from feint.reports.data import data

        say(json.dumps(data(report), indent=2))
        return
    from feint.runs.folder.files import write_bytes
    from feint.runs.folder.ledger import check_links

    if out == folder:
        check_links(folder)
    for place, content in _files(report, kind).items():
        write_bytes(out / place, content)
        say(str(out / place))


def _files(report: Report, kind: Literal["html", "png", "svg", "pdf", "md", "csv"]) -> dict[str, bytes]:
    from feint.reports import data, markdown, page, pictures

    match kind:
        case "html":
            return {"report.html": page.page(report).encode()}
        case "md":
            figures = {f"figures/{name}": made for name, made in pictures.pictures(report, "svg").items()}
            return {**figures, "report.md": markdown.markdown(report).encode()}
        case "csv":
            return {f"tables/{table.name}.csv": data.csv(table).encode() for table in report.tables()}
        case _:
            return {f"figures/{name}": made for name, made in pictures.pictures(report, kind).items()}
