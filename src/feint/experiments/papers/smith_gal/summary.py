"""The table of Smith & Gal, computed from the records of both victims."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.detection.records import Records
from feint.experiments.detection.scores import mean_measures
from feint.experiments.detection.settings import Protocol
from feint.experiments.detection.summary import of_victim, warnings_of
from feint.runs.run import Run

from .paper import DETECTORS, DIFFERENCES, GREY_LEVEL, NOISE, TABLE


def summarise(run: Run) -> dict[str, Any]:
    """The rows of the table, the accuracy, means by kind of input, and all scores under both protocols."""
    names, settings = run.about["victims"], run.settings
    records = [Records.of(run.table("records"), which) for which in range(len(names))]
    found: dict[Protocol, list[dict[str, Any]]] = {
        protocol: [
            {"name": name, **of_victim(rows, noise, resamples=settings.resamples, seed=settings.seed)}
            for name, rows in zip(names, records, strict=True)
        ]
        for protocol, noise in NOISE.items()
    }
    classes = len(run.about["classes"])
    return {
        "warnings": list(warnings_of(records, [{"name": name, "classes": classes} for name in names])),
        "data": run.about["data"],
        "protocol": "corrected",
        "differences": DIFFERENCES,
        "accuracy": float(run.arrays("head")["right"].mean()),
        "accuracy_images": run.about["accuracy_images"],
        "rows": rows_of(found),
        "means": {name: mean_measures(rows) for name, rows in zip(names, records, strict=True)},
        "victims": found["corrected"],
        "victims_as_released": found["as-released"],
    }


def rows_of(found: Mapping[Protocol, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The table: one row per detector, radius and attack, with the paper's AUC and ours under both protocols."""
    rows: list[dict[str, Any]] = []
    for detector, (name, measure) in DETECTORS.items():
        for radius, attacks in TABLE[detector].items():
            for attack, paper in attacks.items():
                row: dict[str, Any] = {"detector": detector, "attack": attack, "radius": radius, "paper": paper}
                for protocol, victims in found.items():
                    victim = next(each for each in victims if each["name"] == name)
                    entry = next(
                        each
                        for each in victim["attacks"]
                        if each["attack"] == attack and round(GREY_LEVEL * each["radius"]) == radius
                    )
                    row[f"{protocol}, changed"] = entry["changed"]
                    row[protocol] = entry["all"][measure]["auroc"]
                    successful = entry["successful"]
                    row[f"{protocol} (S)"] = None if successful is None else successful[measure]["auroc"]
                rows.append(row)
    return rows
