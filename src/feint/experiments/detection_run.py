"""A detection run from its parts to its summary: shared by `feint detect` and the table of Smith & Gal."""

from typing import Any

import pyarrow as pa
from tqdm import tqdm

from feint.experiments.detection_part import Detection
from feint.experiments.detection_scores import attack_entry, attackers, clean_entry, detectors, of_victim
from feint.experiments.skipped import Skipped
from feint.results import RunFolder

BATCHES_PER_PART = 4
"""A part is what an interruption can lose."""


def part_count(work: Detection) -> int:
    """How many parts the records will have: victims one after the other, each over all images."""
    return len(work.victims) * len(_starts(work))


def compute(work: Detection, folder: RunFolder, progress: bool) -> None:
    """Compute the parts that are not there yet."""
    starts, size = _starts(work), BATCHES_PER_PART * work.batch_size
    done, skipped = folder.parts(), Skipped(folder)
    with tqdm(total=len(work.victims) * len(work.dataset), unit=" images", disable=not progress) as bar:
        for which, victim in enumerate(work.victims):
            bar.set_description(victim.name)
            for at, start in enumerate(starts):
                cut = work.dataset.take(start, start + size)
                if (part := which * len(starts) + at) not in done:
                    tables = [work.records(which, each) for each in cut.batches(size)]
                    skipped.note(cut)
                    folder.write_part(part, pa.concat_tables(tables))
                bar.update(len(cut))


def _starts(work: Detection) -> range:
    return range(0, len(work.dataset), BATCHES_PER_PART * work.batch_size)


def summarise(work: Detection, table: pa.Table, noise: str, *, resamples: int) -> list[dict[str, Any]]:
    """By victim: its accuracy, and for every attacker what it did and how well each measure detects it.

    Args:
        work: what was run.
        table: its records.
        noise: the kind of noise among the negatives.
        resamples: of the bootstrap.
    """
    found: list[dict[str, Any]] = []
    for which, victim in enumerate(work.victims):
        rows = of_victim(table, which)
        attacks = [
            {
                **attack_entry(rows, name, radius),
                "all": detectors(rows, name, radius, noise, changed=False, resamples=resamples, seed=work.seed),
                "successful": detectors(rows, name, radius, noise, changed=True, resamples=resamples, seed=work.seed),
            }
            for name, radius in attackers(rows)
        ]
        found.append({"name": victim.name, "clean": clean_entry(rows), "attacks": attacks})
    return found
