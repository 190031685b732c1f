"""From a detection run's records and summary to its report."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feint import metrics
from feint.experiments.detection_part import Noise
from feint.experiments.detection_scores import Duel, duel, of_victim
from feint.experiments.run import facts
from feint.results import RunFolder
from feint.results.detection import DetectionPanel, DetectionReport, DetectorCurve
from feint.results.detection_page import write_page

COLUMNS = 200
"""Of a panel: more than a small one can show apart."""
HEADS = (
    ("victim", ""),
    ("attack", ""),
    ("radius", "of [0, 1]"),
    ("changed", "% of labels"),
    ("accuracy", "%"),
    ("L2", "mean"),
    ("detector", ""),
    ("AUROC", "95 %"),
    ("AUROC (S)", "95 %"),
    ("AUPR", ""),
    ("AUPR (S)", ""),
    ("FPR95", ""),
    ("FPR95 (S)", ""),
)


def write_detection_report(folder: RunFolder, table: pa.Table, summary: Mapping[str, Any], noise: Noise) -> None:
    """Write the page and its figures into the run's folder."""
    write_page(folder, detection_report(folder, table, summary, noise))


def detection_report(
    folder: RunFolder, table: pa.Table, summary: Mapping[str, Any], noise: Noise, *, levels: int | None = None
) -> DetectionReport:
    """What the page shows.

    Args:
        folder: of the run.
        table: its records.
        summary: of its records.
        noise: the kind of noise among the negatives.
        levels: write radii as fractions of so many, where they are.
    """
    return DetectionReport(
        title=f"feint detect: {', '.join(victim['name'] for victim in summary['victims'])} on {summary['data']}",
        headline=headline(summary),
        command=summary["run"]["command"],
        facts={
            "data": summary["data"],
            "images": str(summary["victims"][0]["clean"]["images"]),
            "accuracy": ", ".join(
                f"{each['name']} {100 * each['clean']['accuracy']:.2f} %" for each in summary["victims"]
            ),
            "protocol": summary["protocol"],
            **facts(folder),
        },
        panels=_panels(table, summary, noise, levels),
        heads=HEADS,
        rows=_rows(summary, levels),
        skipped=tuple(f"{where}: {reason}" for where, reason in summary.get("skipped", ())),
    )


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence: the best detector of what is easiest and of what is hardest to see."""
    found: list[tuple[float, str, str, str]] = []
    for victim in summary["victims"]:
        for entry in victim["attacks"]:
            scores = entry["successful"]
            if entry["changed"] < 0.01 or not scores:
                continue
            best = max(scores, key=lambda name: scores[name]["auroc"][1])
            found.append((scores[best]["auroc"][1], best.replace("_", " "), entry["attack"], victim["name"]))
    if not found:
        return "No attack changed a label in a hundred."
    worst, best = min(found), max(found)
    said = [
        f"{name} reaches an AUROC of {score:.2f} on {attack} against {who}"
        for score, name, attack, who in (best, worst)
    ]
    return f"Of inputs whose label changed: at best {said[0]}; where it is hardest, the best detector, {said[1]}."


def _radius(radius: float, levels: int | None) -> str:
    """5/255, where levels are asked for and the radius is a whole number of them; 0.0196 otherwise."""
    if levels is not None and math.isclose(levels * radius, round(levels * radius), abs_tol=1e-6):
        return f"{round(levels * radius)}/{levels}"
    return f"{radius:.3g}"


def _panels(
    table: pa.Table, summary: Mapping[str, Any], noise: Noise, levels: int | None
) -> tuple[DetectionPanel, ...]:
    panels: list[DetectionPanel] = []
    for which, victim in enumerate(summary["victims"]):
        rows = of_victim(table, which)
        for entry in victim["attacks"]:
            changed = entry["successful"] is not None
            curves: list[DetectorCurve] = []
            for measure in entry["all"]:
                found = duel(rows, entry["attack"], entry["radius"], measure, noise, changed=changed)
                if found is not None:
                    curves.append(_curve(measure, found))
            subject = "(S)" if changed else "all"
            attack = f"{entry['attack']} {_radius(entry['radius'], levels)}"
            panels.append(DetectionPanel(victim["name"], attack, subject, tuple(curves)))
    return tuple(panels)


def _curve(measure: str, found: Duel) -> DetectorCurve:
    roc = metrics.roc(found.scores, found.positives)
    pr = metrics.precision_recall(found.scores, found.positives)
    left = thinned(roc.false_positive_rate.numpy(), roc.true_positive_rate.numpy())
    right = thinned(pr.recall.numpy(), pr.precision.numpy())
    return DetectorCurve(
        measure,
        metrics.auroc(found.scores, found.positives),
        metrics.aupr(found.scores, found.positives),
        roc.false_positive_rate.numpy()[left],
        roc.true_positive_rate.numpy()[left],
        pr.recall.numpy()[right],
        pr.precision.numpy()[right],
    )


def thinned(across: npt.NDArray[Any], up: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Which points of a curve to draw: of each column the first, the last, the lowest and the highest.

    No column's range is lost, and what joins two columns is a piece of the whole curve.

    Args:
        across: from 0 to 1, never falling.
        up: at the same points.
    """
    column = np.floor(across * COLUMNS)
    starts = np.flatnonzero(np.diff(column, prepend=-1.0))
    kept: list[int] = []
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(across)], strict=True):
        inside = up[start:stop]
        kept += [start, stop - 1, start + int(inside.argmin()), start + int(inside.argmax())]
    return np.unique(kept)


def _rows(summary: Mapping[str, Any], levels: int | None) -> tuple[tuple[str, ...], ...]:
    def interval(scores: Mapping[str, Any] | None, measure: str) -> str:
        if scores is None:
            return "–"
        low, middle, high = scores[measure]["auroc"]
        return f"{middle:.3f} [{low:.3f}, {high:.3f}]"

    def value(scores: Mapping[str, Any] | None, measure: str, name: str) -> str:
        return "–" if scores is None else f"{scores[measure][name][1]:.3f}"

    return tuple(
        (
            victim["name"],
            entry["attack"],
            _radius(entry["radius"], levels),
            f"{100 * entry['changed']:.1f}",
            f"{100 * entry['accuracy']:.1f}",
            f"{entry['l2']:.2f}",
            measure.replace("_", " "),
            interval(entry["all"], measure),
            interval(entry["successful"], measure),
            *(value(entry[kind], measure, name) for name in ("aupr", "fpr95") for kind in ("all", "successful")),
        )
        for victim in summary["victims"]
        for entry in victim["attacks"]
        for measure in entry["all"]
    )
