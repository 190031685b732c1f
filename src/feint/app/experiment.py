"""The command of an experiment, made from its settings."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from feint.app import flags
from feint.app.cli import Parser
from feint.app.output import say
from feint.app.running import add_runner, how_of, on_devices, runner_of, storage_of
from feint.printable import printable
from feint.runs.experiment import Experiment
from feint.runs.folder.files import check_writable
from feint.runs.programs import check_programs
from feint.runs.settings import RunSettings, Settings
from feint.runs.things import loaded

RUNS, VICTIMS = Path("feint-runs"), Path("feint-victims")


def command(title: str, reference: str, arguments: Sequence[str], line: str) -> Callable[[], None]:
    """What runs an experiment of the catalog.

    Args:
        title: what the command is called.
        reference: the experiment's.
        arguments: the command's.
        line: the whole command line, for the report.

    Raises:
        SpecError: arguments that are wrong.
    """
    experiment: Experiment[Any] = loaded(reference)
    known = flags.flags_of(experiment.settings)
    parser = parser_of(title, import_module(reference.partition(":")[0]).__doc__ or "", known)
    options = parser.parse_all(arguments)
    settings: RunSettings = experiment.settings.parse(flags.values_of(options, known))
    if not options.allow_code:
        check_programs(settings, "the command", arguments)
    return lambda: run(experiment, settings, options, line)


def parser_of(title: str, doc: str, known: Sequence[flags.Flag]) -> Parser:
    """The parser of a command: its own flags by group, and those that all commands have."""
    parser = Parser(
        prog=f"feint {title}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups: dict[str, Any] = {"options": parser}  # which has the heading of that name already
    for flag in sorted(known, key=lambda flag: flag.group == "running"):
        if flag.positional:
            flag.add_to(parser)
            continue
        if flag.group not in groups:
            groups[flag.group] = parser.add_argument_group(flag.group)
        flag.add_to(groups[flag.group])
    add_running(groups.get("running") or parser.add_argument_group("running"))
    return parser


def add_running(group: Any) -> None:
    """The flags that every command has, which are no part of its settings."""
    group.add_argument("--out", type=Path, default=RUNS, metavar="FOLDER", help=f"of runs (default: {RUNS})")
    group.add_argument(
        "--victims", type=Path, default=VICTIMS, metavar="FOLDER", help=f"of trained victims (default: {VICTIMS})"
    )
    add_runner(group)
    group.add_argument("--fresh", action="store_true", help="forget what an earlier run of the same computed")
    group.add_argument(
        "--allow-code",
        action="store_true",
        help="run programs from files: .pt2 files, and Python files that a YAML file or somebody else's victim names",
    )
    group.add_argument("--track", choices=("mlflow",), help="tell a tracker too; which one, MLFLOW_TRACKING_URI says")
    group.add_argument("--json", action="store_true", help="print the result for machines, and nothing else")
    group.add_argument("--quiet", action="store_true", help="no progress bars")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def warn(result: Any) -> None:
    """Say on standard error what must be known before a result is believed."""
    for warning in result.summary.get("warnings", ()):
        print(f"feint: warning: {printable(warning)}", file=sys.stderr)


def check_folders(options: argparse.Namespace, trains: bool) -> None:
    """Raise a StoreError for folders that cannot be written, before anything is computed."""
    for folder in (options.out, options.victims) if trains else (options.out,):
        check_writable(folder)


def check_tracker(name: str | None) -> None:
    """Raise a SpecError for a tracker that is not there, before anything is computed."""
    if name is not None:
        from feint.runs.tracking import check

        check(name)


def tell(name: str | None, result: Any) -> None:
    """Tell the tracker that was asked for."""
    if name is not None:
        from feint.runs.tracking import track

        track(result)


def run(experiment: Experiment[Any], settings: Settings, options: argparse.Namespace, line: str) -> None:
    """Run it, and print what came of it."""
    check_tracker(options.track)
    check_folders(options, experiment.trains)
    from feint.reports.text import text
    from feint.runs.runners import local

    assert isinstance(settings, RunSettings)
    with closing(runner_of(**how_of(options))) as runner:
        result = local.run(
            experiment,
            on_devices(settings, options.devices),
            options.out,
            victims=options.victims,
            command=line,
            fresh=options.fresh,
            allow_code=options.allow_code,
            progress=not options.quiet,
            runner=runner,
            storage=storage_of(options.storage),
        )
    warn(result)
    if options.json:
        say(json.dumps(result.summary, indent=2))
    else:
        say(f"{text(replace(result.report, warnings=()))}\n\nreport: {result.folder / 'report.html'}")
    tell(options.track, result)
