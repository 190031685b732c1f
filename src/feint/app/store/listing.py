"""Runs in a terminal: a table of many, and all about one."""

import os
import shlex
from collections.abc import Sequence
from datetime import datetime

from feint.printable import aligned, printable
from feint.runs.store.comparison import flattened
from feint.runs.store.figures import Metric
from feint.runs.store.listing import Known, Listed

_WIDEST = 28


def table(runs: Sequence[Listed]) -> str:
    """A line for each run; AURC times 1000, attacked at the largest radius."""
    heads = [
        ["run", "state", "begun", "victim", "data", "images", "accuracy %", "AURC", "attacked", "radius"],
        ["", "", "", "", "", "", "", "x 1000", "x 1000", ""],
    ]
    rows = [
        [
            cut(run.id, 40),
            run.state,
            when(run.created),
            cut(_base(run.victim)),
            cut(_base(run.data)),
            "-" if run.images is None else f"{run.images:,}",
            written(run.accuracy, 100.0),
            written(run.aurc, 1000.0),
            written(run.attacked_aurc, 1000.0),
            "-" if run.radius is None else f"{run.radius:.3g}",
        ]
        for run in runs
    ]
    return aligned(heads, rows, [True] * 5 + [False] * 5)


def shown(known: Known) -> str:
    """All about one run: what it is, what was asked, what can be compared."""
    run = known.run
    facts = {
        "run": run.id,
        "folder": run.folder,
        "state": run.state,
        "begun": when(run.created),
        "ended": "-" if run.finished is None else when(run.finished),
        "command": run.command or "-",
        "victim": f"{run.victim} ({run.estimator or 'as it is'})",
        "data": f"{run.data}, {'?' if run.images is None else run.images} images",
        "hash of the data": run.data_hash or "-",
        "attack": run.attack or "-",
        "measure": run.measure or "-",
        "protocol": f"{run.protocol} (equal where numbers compare)",
        "versions": ", ".join(f"{name} {version}" for name, version in known.versions.items()),
    }
    if run.state == "interrupted":
        facts["goes on with"] = goes_on(run)
    width = max(map(len, facts))
    parts = ["\n".join(f"{name.ljust(width)}  {printable(str(each))}" for name, each in facts.items())]
    settings = flattened(known.settings)
    width = max(map(len, settings), default=0)
    told = (f"  {printable(name).ljust(width)}  {printable(str(each))}" for name, each in settings.items())
    parts.append("settings\n" + "\n".join(told))
    if known.metrics:
        parts.append(_metrics(known.metrics))
    return "\n\n".join(parts)


def _metrics(metrics: Sequence[Metric]) -> str:
    heads = [["variant", "radius", "metric", "value", "std", "own draws"]]
    rows = [
        [each.variant, f"{each.radius:.4g}", each.name, f"{each.value:.6g}", _number(each.std), _number(each.own)]
        for each in metrics
    ]
    return aligned(heads, rows, [True, False, True, False, False, False])


def goes_on(run: Listed) -> str:
    """The command that goes on with an interrupted run, in the folder where it was given if that is known."""
    if not run.command:
        return f"the call in Python that began {printable(run.id)}"
    cwd = run.cwd or _usual(run.folder)
    return printable(f"cd {shlex.quote(cwd)} && {run.command}" if cwd and cwd != os.getcwd() else run.command)


def _usual(folder: str) -> str:
    """Where a command was given whose runs lie where they do by default; "" for any other."""
    root = os.path.dirname(folder)
    return os.path.dirname(root) if os.path.basename(root) == "feint-runs" else ""


def when(seconds: int) -> str:
    """A time in this machine's zone, to the minute."""
    try:
        return datetime.fromtimestamp(seconds).isoformat(" ", timespec="minutes")
    except (OverflowError, OSError, ValueError):
        return "-"


def written(value: float | None, times: float) -> str:
    """A number with two digits after the point; a dash for none."""
    return "-" if value is None else f"{times * value:.2f}"


def cut(text: str, most: int = _WIDEST) -> str:
    """A printable text of at most so many characters, cut in its middle."""
    text = printable(text)
    tail = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def _base(text: str) -> str:
    """Without the folders before a name: a list has little room."""
    return ", ".join(part.rsplit("/", 1)[-1] or part for part in text.split(", "))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
