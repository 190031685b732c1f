"""A summary of blends: the areas under ROC curves by which measures tell them apart, with intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.experiments.warnings import about_predictions
from feint.metrics import Interval, auroc, bootstrap
from feint.runs.run import Run
from feint.runs.work import Array

from .pairs import KINDS

Measured = dict[str, dict[str, Array]]
"""Kind of blend -> measure -> values."""


def read_blends(run: Run, which: int, part: str) -> Measured:
    """What the victim at this position makes of all kinds of blends: ``halves`` (P,), or ``paths`` (paths, steps)."""
    found: Measured = {}
    for kind in KINDS:
        arrays = run.arrays("blends", f"{which}-{kind}")
        found[kind] = {name.partition("/")[2]: values for name, values in arrays.items() if name.startswith(f"{part}/")}
    return found


def summarise(run: Run) -> dict[str, Any]:
    """How well each measure of each victim tells pixel blends from latent ones."""
    victims: list[Mapping[str, Any]] = run.about["victims"]
    warnings = [each for which, victim in enumerate(victims) for each in _warnings(run, which, victim)]
    found = [{"name": victim["name"], **_victim(run, which)} for which, victim in enumerate(victims)]
    said = list(dict.fromkeys([*run.about["warnings"], *warnings]))
    return {"warnings": said, "pairs": run.settings.pairs, "victims": found}


def _warnings(run: Run, which: int, victim: Mapping[str, Any]) -> list[str]:
    """What a victim says of the images at both ends of the paths."""
    prediction, pairs = read_blends(run, which, "paths")["pixel"]["prediction"], run.arrays("pairs")
    labels = np.concatenate([pairs[name][: len(prediction)] for name in ("first_label", "second_label")])
    said = np.concatenate([prediction[:, 0], prediction[:, -1]])
    whose = victim["name"] if len(run.about["victims"]) > 1 else ""
    return about_predictions(said, labels, len(victim["classes"]), whose)


def _victim(run: Run, which: int) -> dict[str, Any]:
    halves, resamples = read_blends(run, which, "halves"), run.settings.resamples
    latent, others = halves["latent"], [kind for kind in KINDS if kind != "latent"]
    return {
        "auroc": {
            kind: {name: _said(detects(latent, halves[kind], name, resamples=resamples)) for name in latent}
            for kind in others
        },
        "information_less_entropy": {
            kind: _said(advantage_of_information(latent, halves[kind], resamples=resamples))
            for kind in others
            if "mutual_information" in latent
        },
        "medians_half_way": {
            kind: {name: float(np.median(values)) for name, values in found.items()} for kind, found in halves.items()
        },
    }


def detects(
    latent: Mapping[str, Array], other: Mapping[str, Array], measure: str, *, resamples: int = 1000
) -> Interval:
    """The AUROC by which a measure tells other blends from latent ones of the same pairs; pairs are drawn anew."""
    return bootstrap(
        _told_apart, torch.as_tensor(latent[measure]), torch.as_tensor(other[measure]), resamples=resamples
    )


def advantage_of_information(
    latent: Mapping[str, Array], other: Mapping[str, Array], *, resamples: int = 1000
) -> Interval:
    """How much larger the AUROC of mutual information is than that of entropy, on the same pairs."""

    def difference(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> float:
        return _told_apart(a, b) - _told_apart(c, d)

    names = ("mutual_information", "predictive_entropy")
    values = [torch.as_tensor(found[name]) for name in names for found in (latent, other)]
    return bootstrap(difference, *values, resamples=resamples)


def _told_apart(negatives: Float[Tensor, " N"], positives: Float[Tensor, " N"]) -> float:
    events = torch.arange(2 * len(negatives)) >= len(negatives)
    return auroc(torch.cat([negatives, positives]), events)


def _said(found: Interval) -> dict[str, float]:
    return {"low": found.low, "estimate": found.estimate, "high": found.high}
