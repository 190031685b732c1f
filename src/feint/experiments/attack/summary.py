"""An attack's summary: accuracy before and after, and by radius what the attack came to."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from feint.experiments.draws import by_draws
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
PREDICTED = ("prediction", "label")
MOVED = ("attacked", "rounded")
Rows = dict[str, Array]


def summarise(run: Run) -> dict[str, Any]:
    """What the records say: accuracy of the clean inputs, and by radius what the attack came to."""
    settings, table = run.settings, run.table("records")
    target = settings.attack.target[0] if settings.attack.target else None
    repeats = range(1 + settings.repeats)
    clean = [_rows(table, variant="clean", repeat=each) for each in repeats]
    found: dict[str, Any] = {
        "data": run.about["data"],
        "victim": run.about["victim"],
        "attack": settings.attack.plain(),
        "images": len(clean[0]["label"]),
        "clean": _clean(clean),
        "attacked": [_radius(table, radius, target, repeats) for radius in settings.radii],
        "files": files_of(len(settings.radii), settings.format),
    }
    lost = {"": max(row["directionless"] for row in found["attacked"])}
    predicted, labels = (np.concatenate([rows[name] for rows in clean[1:] or clean]) for name in PREDICTED)
    found["warnings"] = [
        *run.about["warnings"],
        *about_predictions(predicted, labels, len(run.about["classes"])),
        *about_direction(lost, found["images"]),
    ]
    return found


def _rows(table: Table, **where: Any) -> Rows:
    found = table.read(COLUMNS, **where)
    return {name: found.column(name).to_numpy() for name in COLUMNS}


def _clean(repeats: Sequence[Rows]) -> dict[str, Any]:
    """Accuracy, and of a victim that draws the labels that draws change without any attack."""
    own, *fresh = [{"accuracy": _right(rows), "changed": _mean(_won(rows, None))} for rows in repeats]
    return by_draws(own, fresh) if fresh else {"accuracy": own["accuracy"]}


def _radius(table: Table, radius: float, target: int | None, repeats: range) -> dict[str, Any]:
    sets = [[_rows(table, variant=which, radius=radius, repeat=each) for each in repeats] for which in MOVED]
    own, *fresh = [_came_to(attacked, rounded, target) for attacked, rounded in zip(*sets, strict=True)]
    spent = sets[0][0]
    return {
        "radius": radius,
        "tried": len(_tried(spent, target)["label"]),
        **by_draws(own, fresh),
        **{name: _mean(spent[name]) for name in ("gradients", "queries")},
        "directionless": int(spent["directionless"].sum()),
    }


def _came_to(attacked: Rows, rounded: Rows, target: int | None) -> dict[str, Any]:
    """What an attack came to under one set of draws."""
    kept, rounded_kept = _tried(attacked, target), _tried(rounded, target)
    return {
        "success": _success(kept, target),
        "accuracy": _right(attacked),
        # How far, where the attack succeeds: one that gives up leaves its image as it was.
        **{name: _of_successful(kept, name, target) for name in ("linf", "l2", "measured")},
        "pixels_changed": _of_successful(kept, "changed", target),
        "rounded": {
            "success": _success(rounded_kept, target),
            "accuracy": _right(rounded),
            "surviving": _surviving(kept, rounded_kept, target),
        },
    }


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
