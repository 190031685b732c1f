"""What reports of several experiments share: columns of tables, and the last sections."""

from collections.abc import Mapping
from typing import Any, Final

from feint.reports import Block, Column, Command, Details, Facts, Format, Notes, Section, Table
from feint.reports.formats import count, fixed, percent, radius, times1000
from feint.runs.run import Run

KNOWN: Final[Mapping[str, Column]] = {
    **{name: Column(name) for name in ("victim", "attack", "class", "data", "setting", "measure")},
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
    "effective_radius": Column("eff. radius", format=radius),
    "gradients": Column("gradients", "per image", fixed(1)),
    "queries": Column("queries", "per image", fixed(1)),
}
"""Columns by the name of what they show in a summary."""


def columns(names: str, **others: Column) -> dict[str, Column]:
    """Columns by their names, the known ones but for those that are given."""
    return {name: others[name] if name in others else KNOWN[name] for name in names.split()}


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


def _given(settings: Any) -> dict[str, str]:
    """Files of weights, and what was done to images before anybody saw them."""
    victims = [*getattr(settings, "victims", ()), *([settings.victim] if hasattr(settings, "victim") else [])]
    networks = [each for victim in victims for each in getattr(victim, "networks", ())]
    weights = dict.fromkeys(str(network.weights) for network in networks if network.weights)
    data = getattr(settings, "data", None)
    sizes = {name: getattr(data, name, None) for name in ("resize", "crop")}
    said = {name: f"{pixels} pixels" for name, pixels in sizes.items() if pixels}
    return {**({"weights": ", ".join(weights)} if weights else {}), **said}
