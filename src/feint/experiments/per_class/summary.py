"""The summary of a run by class, computed from its records."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from feint import metrics
from feint.experiments.warnings import about_direction, about_predictions
from feint.runs.run import Run
from feint.runs.work import Array

COLUMNS = ("condition", "radius", "sample", "label", "prediction", "softmax", "variance", "native", "directionless")


def summarise(run: Run) -> dict[str, Any]:
    """By victim and condition: every class, and how well confidence follows accuracy over the classes."""
    settings, about = run.settings, run.about
    images, victims, warnings = 0, list[dict[str, Any]](), list[str](about["warnings"])
    for which, name in enumerate(about["victims"]):
        columns = _columns(run.table("records").read(COLUMNS, victim=which))
        images = max(images, len(np.unique(columns["sample"])))
        victims.append({"name": name, **of_victim(columns, about["classes"])})
        warnings += _warnings(columns, about["outputs"][which], name if len(about["victims"]) > 1 else "")
    return {
        "data": about["data"],
        "passes": settings.passes,
        "attack_passes": settings.attack_passes,
        "images": images,
        "warnings": list(dict.fromkeys(warnings)),
        "victims": victims,
    }


def _warnings(columns: Mapping[str, Array], classes: int, name: str) -> list[str]:
    """What must be known before a victim's numbers are believed."""
    clean = columns["condition"] == "clean"
    whose = f"{name}, " if name else ""
    lost = {
        f"{whose}{condition} at {radius:g}": int(
            columns["directionless"][(columns["condition"] == condition) & (columns["radius"] == radius)].sum()
        )
        for condition, radius in dict.fromkeys(
            zip(columns["condition"].tolist(), columns["radius"].tolist(), strict=True)
        )
    }
    return [
        *about_predictions(columns["prediction"][clean], columns["label"][clean], classes, name),
        *about_direction(lost, int(clean.sum())),
    ]


def of_victim(columns: Mapping[str, Array], names: Sequence[str]) -> dict[str, Any]:
    """One victim: condition by condition, and the line through all points together."""
    conditions: list[dict[str, Any]] = []
    pairs = zip(columns["condition"].tolist(), columns["radius"].tolist(), strict=True)
    for condition, radius in dict.fromkeys(pairs):
        rows = (columns["condition"] == condition) & (columns["radius"] == radius)
        classes = [
            _class(columns, rows & (columns["label"] == label), int(label), names)
            for label in np.unique(columns["label"][rows])
        ]
        conditions.append({"condition": condition, "radius": radius, "classes": classes, **line(classes)})
    every = [each for entry in conditions for each in entry["classes"]]
    return {"conditions": conditions, "all": line(every)}


def _columns(table: pa.Table) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name in COLUMNS:
        column: Any = table.column(name)
        found[name] = np.asarray(column.to_pylist()) if name == "condition" else column.to_numpy()
    return found


def _class(columns: Mapping[str, Array], rows: Array, label: int, names: Sequence[str]) -> dict[str, Any]:
    """One class: ordinary accuracy, mean softmax of the true class, and confidence.

    Confidence comes from the variance over draws, or, of a victim with a single one, from its own uncertainty.
    """
    variance, native = columns["variance"][rows], columns["native"][rows]
    single = not np.isnan(native).any()
    return {
        "label": label,
        "name": names[label] if label < len(names) else str(label),
        "images": int(rows.sum()),
        "accuracy": float((columns["prediction"][rows] == label).mean()),
        "mean_softmax": float(columns["softmax"][rows].mean()),
        "variance": None if single else float(variance.mean()),
        "confidence": float(1 - native.mean()) if single else float(1 - 2 * np.sqrt(variance).mean()),
    }


def line(classes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The least-squares line of confidence over the seeds' accuracy: Pearson's r, R^2, slope, height at 0, and a bend.

    ``bend`` is the R^2 that a parabola reaches: where it is much above that of the line, the relation is no line.
    ``rank`` is Spearman's correlation. None where all classes are alike, or fewer than three.
    """
    x = np.array([each["mean_softmax"] for each in classes])
    y = np.array([each["confidence"] for each in classes])
    if len(x) < 3 or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return dict.fromkeys(("pearson", "rank", "r2", "slope", "height", "bend"))
    r = float(np.corrcoef(x, y)[0, 1])
    fitted = np.vander(x - x.mean(), 3) @ np.linalg.lstsq(np.vander(x - x.mean(), 3), y, rcond=None)[0]
    bend = 1 - float(((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    rank, slope = metrics.spearman(torch.as_tensor(x), torch.as_tensor(y)), float(r * y.std() / x.std())
    height = float(y.mean() - slope * x.mean())
    return {"pearson": r, "rank": rank, "r2": r * r, "slope": slope, "height": height, "bend": bend}


def titles(conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What conditions are called: with their radius, where an attack has several."""
    names = [entry["condition"] for entry in conditions]
    return [
        name if names.count(name) == 1 else f"{name} {entry['radius']:g}"
        for name, entry in zip(names, conditions, strict=True)
    ]
