"""How well measures of uncertainty detect attacks: numbers with bootstrap intervals, from the records of a run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint import catalog, metrics
from feint.victims.records import MEASURE

from .records import GREY, POSITIVE, RELEASED, RELEASED_MEASURES, Noise, Records

TPR = 0.95
LEVEL = 0.95


@final
@dataclass(frozen=True, eq=False)
class Duel:
    """Negatives and positives of one detector of one attack, and which image each comes from.

    Attributes:
        scores: the measure.
        positives: whether an input is attacked.
        images: the position of the image that it was made from.
    """

    scores: Float[Tensor, " N"]
    positives: Bool[Tensor, " N"]
    images: Int[Tensor, " N"]


def duel(
    records: Records, attack: str, radius: float, measure: str, noise: Noise, *, changed: bool
) -> Duel | None:
    """Clean and noisy inputs against attacked ones, as the first fresh draws see them.

    Args:
        records: of one victim.
        attack: the attack's name.
        radius: its radius.
        measure: the detector.
        noise: the kind of noise among the negatives; with the released experiment's go its measures and its bounds.
        changed: only attacked inputs whose label is not the victim's clean one.

    Returns:
        None where the victim has no such measure, or no input is attacked with success.
    """
    kind = records["kind"]
    here = (records["attack"] == attack) & (records["radius"] == radius)
    first = records["repeat"] == records["repeat"].min()
    positive = first & here & (kind == POSITIVE[noise])
    if changed:
        positive &= records["prediction"] != records["clean_prediction"]
    negative = first & ((kind == "clean") | (here & (kind == noise)))
    chosen = positive | negative
    if np.isnan(records[MEASURE + measure][chosen]).any() or not positive.any():
        return None
    scores = records[(RELEASED if noise == GREY else MEASURE) + measure][chosen]
    images = np.unique(records["sample"][chosen], return_inverse=True)[1]
    return Duel(torch.as_tensor(scores), torch.as_tensor(positive[chosen]), torch.as_tensor(images).long())


def detection_scores(found: Duel, resamples: int, seed: int) -> dict[str, list[float]]:
    """AUROC, AUPR and FPR at 95 % TPR, each as lower end, estimate and upper end.

    The bootstrap draws images with replacement, and with an image everything that was made from it: attacked and noisy
    versions of one image are no independent evidence.

    Args:
        found: negatives and positives.
        resamples: how often to draw; 0 for no interval (both ends are the estimate).
        seed: of the draws.
    """
    estimates = [
        metrics.auroc(found.scores, found.positives),
        metrics.aupr(found.scores, found.positives),
        metrics.fpr_at_tpr(found.scores, found.positives, TPR),
    ]
    drawn = _resampled(found, resamples, seed) if resamples else torch.tensor([estimates], dtype=torch.float64)
    low, high = (
        drawn.quantile(share, dim=0, interpolation=side)
        for share, side in (((1 - LEVEL) / 2, "lower"), ((1 + LEVEL) / 2, "higher"))
    )
    names = ("auroc", "aupr", "fpr95")
    return {name: [float(low[at]), estimates[at], float(high[at])] for at, name in enumerate(names)}


def _resampled(found: Duel, resamples: int, seed: int) -> Float[Tensor, " R 3"]:
    """The three metrics of as many resamples, each counted from one sort."""
    generator = torch.Generator().manual_seed(seed)
    images = int(found.images.max()) + 1
    ranks = np.unique(-found.scores.numpy(), return_inverse=True)[1]
    groups, order = int(ranks.max()) + 1, torch.as_tensor(ranks).long()
    values: list[list[float]] = []
    while len(values) < resamples:
        count = torch.bincount(torch.randint(images, (images,), generator=generator), minlength=images)
        weight = count[found.images].double()
        each = [
            torch.bincount(order[chosen], weights=weight[chosen], minlength=groups)
            for chosen in (found.positives, ~found.positives)
        ]
        true, false = each[0].cumsum(0), each[1].cumsum(0)
        if true[-1] == 0 or false[-1] == 0:  # nothing to tell apart: draw again
            continue
        precision = true / (true + false).clamp_min(1)
        reached = int(torch.searchsorted(true, math.ceil(TPR * float(true[-1]) - 1e-9)))
        values.append(
            [
                float((each[1] * (true - each[0] / 2)).sum() / (true[-1] * false[-1])),
                float((each[0] * precision).sum() / true[-1]),
                float(false[reached] / false[-1]),
            ]
        )
    return torch.tensor(values, dtype=torch.float64)


def attack_entry(records: Records, attack: str, radius: float, noise: Noise) -> dict[str, Any]:
    """What an attack did to a victim: labels changed, accuracy, distances; means over the repeats."""
    rows = (records["kind"] == POSITIVE[noise]) & (records["attack"] == attack) & (records["radius"] == radius)
    prediction = records["prediction"]
    return {
        "attack": attack,
        "radius": radius,
        "changed": float((prediction != records["clean_prediction"])[rows].mean()),
        "accuracy": float((prediction == records["label"])[rows].mean()),
        "linf": float(records["linf"][rows].mean()),
        "l2": float(records["l2"][rows].mean()),
    }


def clean_entry(records: Records) -> dict[str, Any]:
    """A victim's accuracy, and how often its labels change by its draws alone."""
    rows = records["kind"] == "clean"
    prediction = records["prediction"]
    return {
        "images": len(np.unique(records["sample"][rows])),
        "accuracy": float((prediction == records["label"])[rows].mean()),
        "changed": float((prediction != records["clean_prediction"])[rows].mean()),
    }


def detectors(
    records: Records, attack: str, radius: float, noise: Noise, *, changed: bool, resamples: int, seed: int
) -> Mapping[str, Any] | None:
    """The scores of every measure that the victim has, by name; None where no input's label changed."""
    found: dict[str, Any] = {}
    for measure in RELEASED_MEASURES if noise == GREY else catalog.MEASURES:
        compared = duel(records, attack, radius, measure, noise, changed=changed)
        if compared is not None:
            found[measure] = detection_scores(compared, resamples, seed)
    return found or None


def mean_measures(records: Records) -> list[dict[str, Any]]:
    """Mean of every measure, and of the L2 distance, by kind of input, attack and radius: which way each moves it."""
    kind, named, radius = records["kind"], records["attack"], records["radius"]
    found: list[dict[str, Any]] = []
    for which in dict.fromkeys(zip(kind.tolist(), named.tolist(), radius.tolist(), strict=True)):
        rows = (kind == which[0]) & (named == which[1]) & (radius == which[2])
        entry: dict[str, Any] = {"kind": which[0], "attack": which[1], "radius": which[2]}
        entry["l2"] = float(records["l2"][rows].mean())
        for measure in catalog.MEASURES:
            values = records[MEASURE + measure][rows]
            if not np.isnan(values).any():
                entry[measure] = float(values.mean())
        found.append(entry)
    return found
