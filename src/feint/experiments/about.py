"""The last sections of every report: what is to be noted, what was skipped, and how it was made."""

from collections.abc import Mapping

from feint.reports import Block, Command, Details, Facts, Notes, Section
from feint.runs.run import Run


def closing(
    run: Run, facts: Mapping[str, str], notes: tuple[str, ...] = (), *, terminal: bool = False
) -> list[Section]:
    """Notes and skipped inputs, where there are any, then the facts and the command.

    Args:
        run: the run.
        facts: what it was about; seed, machine and versions are added.
        notes: what else a reader should know.
        terminal: whether notes are printed in a terminal too.
    """
    blocks: list[Block] = [Notes(notes, terminal=terminal)] if notes else []
    if run.skipped:
        what = "1 image was skipped" if len(run.skipped) == 1 else f"{len(run.skipped):,} images were skipped"
        blocks.append(Details(what, (Notes(tuple(f"{where}: {reason}" for where, reason in run.skipped)),)))
    made: list[Block] = [Facts({**facts, **run.facts})]
    if run.command:
        made.append(Command(run.command))
    noted = [Section("To be noted", tuple(blocks))] if blocks else []
    return [*noted, Section("How it was made", tuple(made))]
