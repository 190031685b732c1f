"""`feint run FILE.yaml|FOLDER ...`: experiments that files describe, sweeps of them too.

    experiment: audit
    victim: lenet
    data: {source: path/to/mnist, limit: 1000}
    attack: ace:search=bisection
    radii: [8/255]

A file holds one experiment, a list of them, or several documents; a folder holds such files. A table of a paper is
named like an experiment. With `sweep` one description stands for many: each combination of a grid's values, with each
entry of a list:

    sweep: {grid: {radii: [[1/255], [2/255]], attack.search: [backtracking, bisection]}, list: [{seed: 0}, {seed: 1}]}

--plan times one small batch of each and says what they will cost; nothing is kept of it.
Programs that a file names, such as net.py:build, run with --allow-code only.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from feint import catalog
from feint.app.cli import Parser
from feint.app.experiment import add_running, check_folders, check_tracker, tell, warn
from feint.app.output import say
from feint.app.running import asked_of, how_of, on_devices, runner_of, storage_of
from feint.errors import SpecError, StoreError
from feint.printable import printable
from feint.runs.documents import documents
from feint.runs.experiment import Experiment
from feint.runs.programs import check_programs
from feint.runs.settings import RunSettings, near
from feint.runs.sweep import expanded
from feint.runs.things import loaded


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What runs the experiments of some files.

    Raises:
        SpecError: a file that cannot be read, or describes none.
    """
    parser = Parser(
        prog="feint run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.yaml", help="what to run, in this order")
    parser.add_argument("--plan", action="store_true", help="say what it will cost, and do not run it")
    add_running(parser.add_argument_group("running"))
    options = parser.parse_all(arguments)
    asked: list[tuple[Experiment[Any], RunSettings]] = []
    for file in in_folders(options.files):
        for experiment, settings in read(file):
            if not options.allow_code:
                check_programs(settings, str(file))
            asked.append((experiment, settings))
    if options.plan:
        return lambda: _plan(asked, options)
    return lambda: _run(asked, options, shlex.join(["feint", "run", *arguments]))


def in_folders(places: Sequence[Path]) -> Iterator[Path]:
    """Files as they are, and those of folders, by name.

    Raises:
        SpecError: a folder without any.
    """
    for place in places:
        if not place.is_dir():
            yield place
            continue
        found = sorted(each for each in place.iterdir() if each.suffix in (".yaml", ".yml"))
        if not found:
            raise SpecError(f"{place}: expected files of YAML in it, got none")
        yield from found


def read(file: Path) -> Iterator[tuple[Experiment[Any], RunSettings]]:
    """The experiments that a file describes, with their settings.

    Raises:
        SpecError: it cannot be read, or something in it is none.
    """
    listed: list[Any] = []
    for document in documents(file):
        listed += cast(list[Any], document) if isinstance(document, list) else [document]
    if not listed:
        raise SpecError(f"{file}: expected a mapping with an experiment, got nothing")
    for document in listed:
        for each in _several(document, file):
            try:
                yield described(each, str(file))
            except SpecError as error:
                raise error if str(error).startswith(str(file)) else SpecError(f"{file}: {error}") from None


def _several(document: Any, file: Path) -> list[Any]:
    if not isinstance(document, Mapping):
        return [document]
    try:
        return list(expanded(cast(Mapping[str, Any], document)))
    except SpecError as error:
        raise SpecError(f"{file}: {error}") from None


def described(document: Any, where: str) -> tuple[Experiment[Any], RunSettings]:
    """An experiment with its settings, from a mapping.

    Raises:
        SpecError: it is no mapping, has no experiment, or settings that the experiment does not have.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"{where}: expected a mapping with an experiment, got {type(document).__name__}")
    values = {str(key).replace("-", "_"): value for key, value in cast(Mapping[Any, Any], document).items()}
    names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    name = str(values.pop("experiment", ""))
    if name not in names:
        raise SpecError(f"{where}: experiment: expected one of {', '.join(names)}, got {name!r}{near(name, names)}")
    experiment: Experiment[Any] = loaded(names[name])
    return experiment, experiment.settings.parse(values)


def _check(asked: Sequence[tuple[Experiment[Any], RunSettings]], options: argparse.Namespace) -> None:
    """Raise a SpecError for what is wrong with any of them, before the first of them runs for an hour."""
    from feint.threats.things import check_words
    from feint.victims.cards import check_cards

    coming: list[str] | None = []
    for experiment, settings in asked:
        check_words(settings)
        if coming is None:
            continue
        check_cards(settings, options.victims, allow_code=options.allow_code, coming=coming)
        if experiment.trains:  # what it makes may be meant further down; a paper makes several
            name: Any = getattr(settings, "name", None)
            coming = [*coming, name] if isinstance(name, str) else None


def _plan(asked: Sequence[tuple[Experiment[Any], RunSettings]], options: argparse.Namespace) -> None:
    """Say what experiments will cost."""
    from feint.runs import plan

    asked_of(options.runner, options.workers, options.devices, options.address)
    _check(asked, options)
    workers = options.workers or len(options.devices) or 2
    plans: list[plan.Plan] = []
    for experiment, settings in asked:
        placed = on_devices(settings, options.devices)
        plans.append(plan.planned(experiment, placed, victims=options.victims, allow_code=options.allow_code))
        if not options.json:  # each as it comes: to try one may take minutes
            say(f"{plans[-1].text(workers)}\n")
    if options.json:
        say(json.dumps([each.plain(workers) for each in plans], indent=2))
        return
    if len(plans) > 1:
        say(plan.altogether(plans, workers))


def _run(asked: Sequence[tuple[Experiment[Any], RunSettings]], options: argparse.Namespace, line: str) -> None:
    check_tracker(options.track)
    check_folders(options, any(experiment.trains for experiment, _ in asked))
    from feint.reports.text import text
    from feint.runs.runners import local

    _check(asked, options)
    results: list[Any] = []
    untold: list[StoreError] = []
    with closing(runner_of(**how_of(options))) as runner:  # workers stay for one run after the other
        for experiment, settings in asked:
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
            results.append(result.summary)
            warn(result)
            if not options.json:
                shown = text(replace(result.report, warnings=()))
                say(f"{experiment.name}: {shown}\n\nreport: {result.folder / 'report.html'}\n")
            try:
                tell(options.track, result)
            except StoreError as error:  # the runs to come are worth having without it
                untold.append(error)
                print(f"feint: {printable(str(error))}", file=sys.stderr)
    if options.json:
        say(json.dumps(results, indent=2))
    if untold:
        raise StoreError(f"{options.track} did not take {len(untold)} of {len(results)} runs") from untold[-1]
