"""The summary of spans: widths and crossings per radius, of all predictions, the correct and the wrong ones."""

from typing import Any

import numpy as np

from feint.experiments.warnings import about_accuracy, about_direction
from feint.metrics.thresholds import threshold_at_coverage
from feint.reports.formats import percent
from feint.runs.run import Run
from feint.runs.work import Array
from feint.victims.records import tensor

COVERAGE = 0.9
"""The share of the clean inputs that the threshold answers unless another is named."""
KINDS = ("all", "correct", "wrong")


def summarise(run: Run) -> dict[str, Any]:
    """Widths and crossings; an interval crosses the threshold where its two ends lie on different sides of it."""
    table, settings = run.table("records"), run.settings
    first = {name: table.column(name, radius=settings.radii[0]) for name in ("label", "prediction", "clean")}
    right, clean, asked = first["label"] == first["prediction"], tensor(first["clean"]), settings.threshold
    chosen: float = -threshold_at_coverage(-clean, COVERAGE) if asked is None else asked
    found = f"the clean confidence at {percent(0)(COVERAGE)} % coverage"
    lost = max(int(table.column("directionless", radius=radius).sum()) for radius in settings.radii)
    present, classes = len(np.unique(first["label"])), len(run.about["classes"])
    return {
        "warnings": [
            *run.about["warnings"],
            *about_accuracy(len(right), int((~right).sum()), classes, present),
            *about_direction({"": lost}, len(right)),
        ],
        "images": len(right),
        "accuracy": float(right.mean()),
        "threshold": chosen,
        "threshold_from": found if asked is None else "--threshold",
        "answered": float((first["clean"] >= chosen).mean()),
        "spans": [_at(run, radius, chosen) for radius in settings.radii],
    }


def _at(run: Run, radius: float, threshold: float) -> dict[str, Any]:
    rows = run.table("records").read(radius=radius)
    columns = {name: rows.column(name).to_numpy() for name in rows.column_names}
    right = columns["label"] == columns["prediction"]
    kinds = dict(zip(KINDS, (np.ones_like(right), right, ~right), strict=True))
    return {"radius": radius, **{kind: _group(columns, kept, threshold) for kind, kept in kinds.items()}}


def _group(columns: dict[str, Array], kept: Array, threshold: float) -> dict[str, Any]:
    low, clean, high = (columns[name][kept] for name in ("low", "clean", "high"))
    width = high - low
    values = {
        "clean": clean,
        "low": low,
        "high": high,
        "mean_width": width,
        "crossing": (low < threshold) & (high >= threshold),
        "gradients": columns["gradients"][kept],
        "queries": columns["queries"][kept],
    }
    count = len(width)
    means = {name: tensor(value).double().mean().item() if count else None for name, value in values.items()}
    return {"images": count, **means, "median_width": float(np.median(width)) if count else None}
