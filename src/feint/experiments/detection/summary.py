"""A detection run's summary, computed from its records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feint.experiments.warnings import about_direction, about_predictions
from feint.runs.run import Run

from .records import Noise, Records
from .scores import attack_entry, clean_entry, detectors


def summarise(run: Run) -> dict[str, Any]:
    """By victim: what every attacker did, and how well each measure detects it."""
    settings, about = run.settings, run.about
    found = [Records.of(run.table("records"), which) for which in range(len(about["victims"]))]
    return {
        "warnings": list(dict.fromkeys([*about["warnings"], *warnings_of(found, about["victims"])])),
        "data": about["data"],
        "protocol": settings.protocol,
        "victims": [
            {
                "name": victim["name"],
                **of_victim(
                    records,
                    about["noise"],
                    resamples=settings.resamples,
                    seed=settings.seed,
                ),
            }
            for records, victim in zip(found, about["victims"], strict=True)
        ],
    }


def warnings_of(found: Sequence[Records], victims: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What must be known before these numbers are believed.

    Args:
        found: records by victim.
        victims: the ``name`` of each, and how many ``classes`` it has.
    """
    for records, victim in zip(found, victims, strict=True):
        name = victim["name"] if len(found) > 1 else ""
        clean = (records["kind"] == "clean") & (records["repeat"] == records["repeat"].min())
        yield from about_predictions(records["prediction"][clean], records["label"][clean], victim["classes"], name)
        first = (records["kind"] == "attacked") & (records["repeat"] == records["repeat"].min())
        whose = f"{name}, " if name else ""
        lost = {
            f"{whose}{attack} at {radius:g}": int(
                (first & records["directionless"] & (records["attack"] == attack) & (records["radius"] == radius)).sum()
            )
            for attack, radius in records.attacks
        }
        yield from about_direction(lost, int(clean.sum()))


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
