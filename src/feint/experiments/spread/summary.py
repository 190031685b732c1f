"""A summary of both approximations: ranks, ratios by the size of the information, and as the draws come together."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from feint.experiments.warnings import about_predictions
from feint.metrics import bootstrap, kendall_tau, spearman
from feint.runs.run import Run
from feint.runs.work import Array

from .approximations import APPROXIMATIONS, FACTORS

DECADES: Final = (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 10.0)
"""Bounds of mutual information between which the approximations are compared with it, in nats."""


def read_spread(run: Run, victim: int, data: int, names: tuple[str, ...] | None = None) -> dict[str, Array]:
    """The columns about one victim and one set of images, by position."""
    rows = run.table("spread").read(None if names is None else list(names), victim=victim, data=data)
    return {name: rows.column(name).to_numpy() for name in rows.column_names}


def summarise(run: Run) -> dict[str, Any]:
    """Both approximations against the mutual information, for each victim and set of images."""
    return {
        "warnings": list(dict.fromkeys(_warnings(run))),
        "spreads": [
            {
                "victim": victim,
                "data": Path(data).name,
                **_spread(read_spread(run, at, which), run.settings.resamples),
            }
            for at, victim in enumerate(run.about["victims"])
            for which, data in enumerate(run.about["data"])
        ],
    }


def _warnings(run: Run) -> Iterator[str]:
    """What must be known before these numbers are believed: of the images that the victims are made for."""
    yield from run.about["warnings"]
    for which, name in enumerate(run.about["victims"]):
        rows = read_spread(run, which, 0, ("prediction", "label"))
        whose = name if len(run.about["victims"]) > 1 else ""
        yield from about_predictions(rows["prediction"], rows["label"], run.about["outputs"][which], whose)


def _spread(found: Mapping[str, Array], resamples: int) -> dict[str, Any]:
    tensors = {name: torch.tensor(found[name]) for name in ("information", *APPROXIMATIONS)}
    information = tensors["information"]
    ranks = {name: bootstrap(spearman, information, tensors[name], resamples=resamples) for name in APPROXIMATIONS}
    return {
        "images": len(information),
        "spearman": {
            name: {"low": interval.low, "estimate": interval.estimate, "high": interval.high}
            for name, interval in ranks.items()
        },
        "kendall": {name: kendall_tau(information, tensors[name]) for name in APPROXIMATIONS},
        "decades": _decades(found),
        "drawn_together": [
            {"factor": factor, **{f"{name}_ratio": _quantiles(found[f"{name}/{factor:g}"]) for name in APPROXIMATIONS}}
            for factor in FACTORS
        ],
    }


def _decades(found: Mapping[str, Array]) -> list[dict[str, float]]:
    """Median ratios of both approximations to mutual information, by its size."""
    information = found["information"]
    rows: list[dict[str, float]] = []
    for low, high in pairwise(DECADES):
        chosen = (information >= low) & (information < high)
        if chosen.any():
            ratios = {
                f"{name}_ratio": float(np.median(found[name][chosen] / information[chosen])) for name in APPROXIMATIONS
            }
            rows.append({"from": low, "to": high, "images": int(chosen.sum()), **ratios})
    return rows


def _quantiles(values: Array) -> dict[str, float]:
    """The middle nine tenths, and the median between their ends; images with no information at all do not count."""
    low, middle, high = np.quantile(values[np.isfinite(values)], [0.05, 0.5, 0.95]).tolist()
    return {"low": low, "median": middle, "high": high}
