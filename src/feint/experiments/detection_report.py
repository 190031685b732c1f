"""From a detection run's records and summary to its report."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feint import metrics
from feint.experiments.detection_scores import Duel, duel, of_victim
from feint.experiments.run import facts
from feint.results import RunFolder
from feint.results.detection import DetectionPanel, DetectionReport, DetectorCurve
from feint.results.detection_page import write_page

POINTS = 200
"""Of a curve: more than a small panel can show apart."""
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


def write_detection_report(folder: RunFolder, table: pa.Table, summary: Mapping[str, Any], noise: str) -> None:
    """Write the page and its figures into the run's folder."""
    report = DetectionReport(
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
        panels=_panels(table, summary, noise),
        heads=HEADS,
        rows=_rows(summary),
        skipped=tuple(f"{where}: {reason}" for where, reason in summary.get("skipped", ())),
    )
    write_page(folder, report)


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


def _panels(table: pa.Table, summary: Mapping[str, Any], noise: str) -> tuple[DetectionPanel, ...]:
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
            panels.append(
                DetectionPanel(victim["name"], f"{entry['attack']} {entry['radius']:.3g}", subject, tuple(curves))
            )
    return tuple(panels)


def _curve(measure: str, found: Duel) -> DetectorCurve:
    roc = metrics.roc(found.scores, found.positives)
    pr = metrics.precision_recall(found.scores, found.positives)

    def thinned(length: int) -> npt.NDArray[Any]:
        return np.unique(np.linspace(0, length - 1, min(POINTS, length)).round().astype(np.int64))

    left, right = thinned(len(roc.threshold)), thinned(len(pr.threshold))
    return DetectorCurve(
        measure,
        metrics.auroc(found.scores, found.positives),
        metrics.aupr(found.scores, found.positives),
        roc.false_positive_rate.numpy()[left],
        roc.true_positive_rate.numpy()[left],
        pr.recall.numpy()[right],
        pr.precision.numpy()[right],
    )


def _rows(summary: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
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
            f"{entry['radius']:.3g}",
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
