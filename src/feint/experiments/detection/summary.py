"""A detection run's summary, computed from its records."""

from typing import Any

from feint.runs.run import Run

from .records import Noise, Records
from .scores import attack_entry, clean_entry, detectors


def summarise(run: Run) -> dict[str, Any]:
    """By victim: what every attacker did, and how well each measure detects it."""
    settings, about = run.settings, run.about
    return {
        "data": about["data"],
        "protocol": settings.protocol,
        "victims": [
            {
                "name": victim["name"],
                **of_victim(
                    Records.of(run.table("records"), which),
                    about["noise"],
                    resamples=settings.resamples,
                    seed=settings.seed,
                ),
            }
            for which, victim in enumerate(about["victims"])
        ],
    }


def of_victim(records: Records, noise: Noise, *, resamples: int, seed: int) -> dict[str, Any]:
    """A victim's accuracy, and for every attacker what it did and how well each measure detects it.

    Args:
        records: of the victim.
        noise: the kind of noise among the negatives; with it goes the kind of attacked inputs.
        resamples: of the bootstrap.
        seed: of its draws.
    """
    attacks = [
        {
            **attack_entry(records, name, radius, noise),
            "all": detectors(records, name, radius, noise, changed=False, resamples=resamples, seed=seed),
            "successful": detectors(records, name, radius, noise, changed=True, resamples=resamples, seed=seed),
        }
        for name, radius in records.attacks
    ]
    return {"clean": clean_entry(records), "attacks": attacks}
