"""What reports of all experiments share: their outline, columns of tables, and how a run was made."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from feint.reports import Block, Column, Command, Details, Facts, Format, Notes, Report, Section, Table, Text
from feint.reports.formats import NONE, count, fixed, measured, percent, radius, times1000, write
from feint.runs.grammar import Word, spoken
from feint.runs.run import Run
from feint.threats.settings import in_words

from .reading import READ

Row = Mapping[str, Any]
"""What a summary lists of one thing, by name."""
Rows = Sequence[Row]
Summary = Mapping[str, Any]
"""What an experiment found, as its `summarise` returns it: JSON."""
KNOWN: Final[Mapping[str, Column]] = {
    **{name: Column(name) for name in ("victim", "attack", "class", "data", "setting", "measure", "detector", "kind")},
    "name": Column("class"),
    "condition": Column("images"),
    "changed": Column("changed", "% of labels", percent(1)),
    "l2": Column("L2", "mean", fixed(2)),
    "images": Column("images", format=count),
    "radius": Column("radius", format=radius),
    "aurc": Column("AURC", format=times1000(2)),
    "e_aurc": Column("E-AURC", format=times1000(2)),
    "augrc": Column("AUGRC", format=times1000(2)),
    "nll": Column("NLL", "nats", fixed(3)),
    "brier": Column("Brier", "0 to 2", fixed(3)),
    "ece": Column("ECE", format=percent(1)),
    "accuracy": Column("accuracy", format=percent(2)),
    "kept": Column("kept", format=percent(2)),
    "effective_radius": Column("eff. radius", format=measured(3, radius.unit)),
    "gradients": Column("gradients", "per image", fixed(1)),
    "queries": Column("queries", "per image", fixed(1)),
}
"""Columns by the name of what they show in a summary."""


def told(
    run: Run,
    summary: Mapping[str, Any],
    headline: str,
    sections: Mapping[str, Block | Iterable[Block]],
    *,
    of: str = "",
    title: str = "",
    facts: Mapping[str, str] | None = None,
    notes: tuple[str, ...] = (),
    terminal: bool = False,
    glossary: Mapping[str, str] | None = None,
    **said: str,
) -> Report:
    """A run's report: the finding, what was found, and how it was made.

    Args:
        run: the run.
        summary: its summary, with warnings where there are any.
        headline: the finding, in one sentence.
        sections: what they show, by their heads; left out where there is nothing. How to read it is said by `READ`.
        of: what was looked at, instead of the victims.
        title: the whole title, instead of one that is made of command, victims and data.
        facts: what there is to know beside what the settings say.
        notes: what else a reader should know.
        terminal: whether notes are printed in a terminal too.
        glossary: terms.
        said: what stands in the braces of `READ`.
    """
    known, data = _asked(run, summary), run.about["data"]
    where = called(data) if isinstance(data, str) else ", ".join(data)
    head = f"feint {run.experiment.name}: {of or known.get('network') or known.get('victims')} on {where}"
    read, parts = READ.get(run.experiment.name, {}), list[Section]()
    for name, shown in sections.items():
        blocks = (shown,) if isinstance(shown, Block) else tuple(shown)
        first = read.get(name.partition(", ")[0], "").format(**said)
        parts += [Section(name, (*([Text.of(first)] if first else []), *blocks))] if blocks else []
    return Report(
        title=title or head,
        headline=headline,
        sections=(*parts, *closing(run, {**known, **(facts or {})}, notes, terminal=terminal)),
        glossary=glossary or {},
        warnings=tuple(summary.get("warnings", ())),
    )


def called(data: str) -> str:
    """A set of images by the last part of its path."""
    return PurePath(data).name or data


def worded(word: Word | str) -> str:
    """A thing with its settings in words, and its numbers as everywhere.

    >>> worded("sngp:ridge=1.0,mean_field=0.39269908169872414,norm=linf")
    'sngp: ridge 1, mean field 0.393, norm L-inf'
    """
    return re.sub(r"(?<= )\d+\.\d+(e-?\d+)?(?=[,;]|$)", lambda found: write(float(found[0])), spoken(str(word)))


def columns(names: str, **others: Column) -> dict[str, Column]:
    """Columns by their names, the known ones but for those that are given."""
    return {name: others[name] if name in others else KNOWN[name] for name in names.split()}


def tabled(
    name: str,
    order: str,
    said: Mapping[str, Column],
    rows: Iterable[Mapping[str, Any]],
    caption: str = "",
    *,
    terminal: bool = True,
    marked: int | None = None,
) -> Table:
    """A table of what a summary lists: `columns` in an order, and then what else is said."""
    shown = columns(order, **said)
    shown |= {key: said[key] for key in said if key not in shown}
    return Table.of(name, shown, rows, caption=caption, terminal=terminal, marked=marked)


def many(table: Table, what: str) -> Block:
    """A table, folded away where it is longer than a screen."""
    return Details(f"all {len(table.rows):,} {what}", (table,)) if len(table.rows) > 40 else table


def between(format: Format, found: Mapping[str, float]) -> str:
    """An estimate and its interval, as summaries have them."""
    return format.interval(found["low"], found["estimate"], found["high"])


def closing(
    run: Run, facts: Mapping[str, str], notes: tuple[str, ...] = (), *, terminal: bool = False
) -> list[Section]:
    """Notes and skipped inputs, where there are any, then the facts and the command.

    Args:
        run: the run.
        facts: what it was about; weights, what was done to images, seed, machine and versions are added.
        notes: what else a reader should know.
        terminal: whether notes are printed in a terminal too.
    """
    noted: list[Block] = [Notes(notes, terminal)] if notes else []
    if run.skipped:
        what = "1 image was skipped" if len(run.skipped) == 1 else f"{len(run.skipped):,} images were skipped"
        noted.append(Details(what, (Notes(tuple(f"{where}: {reason}" for where, reason in run.skipped)),)))
    made: list[Block] = [Facts({**facts, **_given(run.settings), **run.facts})]
    made += [Command(run.command)] if run.command else []
    return [*([Section("To be noted", tuple(noted))] if noted else []), Section("How it was made", tuple(made))]


def _asked(run: Run, summary: Mapping[str, Any]) -> dict[str, str]:
    """What was looked at, and by what, as the settings and the run say it."""
    about, settings = run.about, run.settings
    names = [each if isinstance(each, str) else each["name"] for each in about.get("victims", ())]
    data, images = about["data"], summary.get("images", about.get("images"))
    attacks = "; ".join(in_words(word) for word in getattr(settings, "attacks", ()))
    found = {
        "data": data if isinstance(data, str) else ", ".join(data),
        "network": about.get("victim", ""),
        "victims": ", ".join(names),
        "images": count(images) + (f", {'x'.join(map(str, about['shape']))}" if "shape" in about else ""),
        "estimator": worded(settings.victim.estimator) if getattr(settings, "victim", None) else "",
        "autoencoder": settings.autoencoder.name if hasattr(settings, "autoencoder") else "",
        "attack": about.get("attack") or (in_words(settings.attack) if hasattr(settings, "attack") else ""),
        "attacks": attacks,
    }
    return {name: value for name, value in found.items() if value and value != NONE}


def _given(settings: Any) -> dict[str, str]:
    """Files of weights, and what was done to images before anybody saw them."""
    victims = [*getattr(settings, "victims", ()), *([settings.victim] if hasattr(settings, "victim") else [])]
    networks = [each for victim in victims for each in getattr(victim, "networks", ())]
    weights = dict.fromkeys(str(network.weights) for network in networks if network.weights)
    data = getattr(settings, "data", None)
    sizes = {name: getattr(data, name, None) for name in ("resize", "crop")}
    said = {name: f"{pixels} pixels" for name, pixels in sizes.items() if pixels}
    return {**({"weights": ", ".join(weights)} if weights else {}), **said}
