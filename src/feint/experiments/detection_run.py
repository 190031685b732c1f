"""A detection run from its parts to its summary: shared by `feint detect` and the table of Smith & Gal."""

from typing import Any

import pyarrow as pa

from feint.experiments.detection_part import Detection, Noise
from feint.experiments.detection_scores import attack_entry, attackers, clean_entry, detectors, of_victim
from feint.experiments.run import Piece, walk
from feint.results import RunFolder


def compute(work: Detection, folder: RunFolder, progress: bool) -> list[list[str]]:
    """Compute the parts that are not there yet; the images that were skipped."""

    def records(piece: Piece) -> pa.Table:
        return work.records(piece.which, piece.batch)

    names = [victim.name for victim in work.victims]
    return walk(folder, work.dataset, work.batch_size, records, names=names, progress=progress)


def summarise(work: Detection, table: pa.Table, noise: Noise, *, resamples: int) -> list[dict[str, Any]]:
    """By victim: its accuracy, and for every attacker what it did and how well each measure detects it.

    Args:
        work: what was run.
        table: its records.
        noise: the kind of noise among the negatives; with it goes the kind of attacked inputs.
        resamples: of the bootstrap.
    """
    found: list[dict[str, Any]] = []
    for which, victim in enumerate(work.victims):
        rows = of_victim(table, which)
        attacks = [
            {
                **attack_entry(rows, name, radius, noise),
                "all": detectors(rows, name, radius, noise, changed=False, resamples=resamples, seed=work.seed),
                "successful": detectors(rows, name, radius, noise, changed=True, resamples=resamples, seed=work.seed),
            }
            for name, radius in attackers(rows)
        ]
        found.append({"name": victim.name, "clean": clean_entry(rows), "attacks": attacks})
    return found
