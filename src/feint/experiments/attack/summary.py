"""An attack's summary: accuracy before and after, and by radius what the attack came to."""

import statistics
from typing import Any

import numpy as np

from feint.experiments.warnings import about_direction, about_predictions
from feint.runs.folder.tables import Table
from feint.runs.run import Run
from feint.runs.work import Array
from feint.victims.records import tensor

from .joined import files_of

COLUMNS = (
    "label", "prediction", "clean_prediction", "repeat", "linf", "l2", "measured", "changed", "gradients", "queries",
    "directionless",
)  # fmt: skip
Rows = dict[str, Array]


def summarise(run: Run) -> dict[str, Any]:
    """What the records say: accuracy of the clean inputs, and by radius what the attack came to."""
    settings, table = run.settings, run.table("records")
    target = settings.attack.target[0] if settings.attack.target else None
    clean, last = _rows(table, variant="clean", repeat=0), settings.repeats
    found: dict[str, Any] = {
        "data": run.about["data"],
        "victim": run.about["victim"],
        "attack": settings.attack.plain(),
        "images": len(clean["label"]),
        "clean": {"accuracy": _right(clean)},
        "attacked": [_radius(table, radius, target, last) for radius in settings.radii],
        "files": files_of(len(settings.radii), settings.format),
    }
    if last:
        repeats = [_rows(table, variant="clean", repeat=repeat) for repeat in range(1, last + 1)]
        found["clean"] |= {
            "fresh_accuracy": sum(map(_right, repeats)) / last,
            "fresh_changed": sum(_mean(_won(each, None)) for each in repeats) / last,
        }
    lost = {"": max(row["directionless"] for row in found["attacked"])}
    found["warnings"] = [
        *run.about["warnings"],
        *about_predictions(clean["prediction"], clean["label"], len(run.about["classes"])),
        *about_direction(lost, len(clean["label"])),
    ]
    return found


def _rows(table: Table, **where: Any) -> Rows:
    found = table.read(COLUMNS, **where)
    return {name: found.column(name).to_numpy() for name in COLUMNS}


def _radius(table: Table, radius: float, target: int | None, last: int) -> dict[str, Any]:
    own = _rows(table, variant="attacked", radius=radius, repeat=0)
    rounded = _rows(table, variant="rounded", radius=radius)
    kept, rounded_kept = _tried(own, target), _tried(rounded, target)
    found: dict[str, Any] = {
        "radius": radius,
        "tried": len(kept["label"]),
        "success": _success(kept, target),
        "accuracy": _right(own),
        # How far, where the attack succeeds: one that gives up leaves its image as it was.
        **{name: _of_successful(kept, name, target) for name in ("linf", "l2", "measured")},
        "pixels_changed": _of_successful(kept, "changed", target),
        "gradients": _mean(own["gradients"]),
        "queries": _mean(own["queries"]),
        "directionless": int(own["directionless"].sum()),
        "rounded": {
            "success": _success(rounded_kept, target),
            "accuracy": _right(rounded),
            "surviving": _surviving(kept, rounded_kept, target),
        },
    }
    if last:
        repeats = [
            _tried(_rows(table, variant="attacked", radius=radius, repeat=repeat), target)
            for repeat in range(1, last + 1)
        ]
        shares = [_mean(_won(each, target)) for each in repeats] if len(kept["label"]) else []
        spread = statistics.stdev(shares) if len(shares) > 1 else None
        found["fresh"] = {"repeats": last, "success": statistics.mean(shares) if shares else None, "std": spread}
    return found


def _tried(rows: Rows, target: int | None) -> Rows:
    """Without the images that the victim took for the target before any attack: neither success nor failure."""
    if target is None:
        return rows
    return {name: column[rows["clean_prediction"] != target] for name, column in rows.items()}


def _won(rows: Rows, target: int | None) -> Array:
    return rows["prediction"] != rows["clean_prediction"] if target is None else rows["prediction"] == target


def _success(rows: Rows, target: int | None) -> float | None:
    """The share of attacks that succeed; None where none was tried."""
    return _mean(_won(rows, target)) if len(rows["label"]) else None


def _of_successful(rows: Rows, name: str, target: int | None) -> float | None:
    """A column's mean over the attacks that succeed; None where none does."""
    won = _won(rows, target)
    return _mean(rows[name][won]) if won.any() else None


def _mean(values: Array) -> float:
    return tensor(np.ascontiguousarray(values)).double().mean().item()


def _right(rows: Rows) -> float:
    return _mean(rows["prediction"] == rows["label"])


def _surviving(attacked: Rows, rounded: Rows, target: int | None) -> float | None:
    """Of the attacks that succeed, the share that still does after rounding; None where none does."""
    won = _won(attacked, target)
    return _mean(_won(rounded, target)[won]) if won.any() else None
