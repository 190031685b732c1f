"""From an audit's records and summary to its report."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from feint import metrics
from feint.data import Dataset
from feint.experiments.gallery import Gallery
from feint.experiments.run import facts
from feint.experiments.spec import AuditSpec, VictimSpec
from feint.experiments.summary import errors, uncertainty
from feint.experiments.victim import Victim
from feint.metrics import RiskCoverage
from feint.results import (
    AuditReport,
    ClassScore,
    Confidences,
    GalleryItem,
    RiskCurve,
    Rounding,
    RunFolder,
    Score,
    records,
    write_report,
)
from feint.results.audit import Answered, Calibration, Threshold
from feint.results.tables import percent


def scores(summary: Mapping[str, Any]) -> tuple[Score, ...]:
    """The rows of the table: clean, then one per radius."""
    return tuple(
        Score(**{name: row.get(name) for name in Score.__dataclass_fields__})
        for row in (summary["clean"], *summary["attacked"])
    )


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence, of a stochastic victim as fresh draws judge it."""
    rows = [{**row, **row["fresh"]["mean"]} if "fresh" in row else row for row in summary["attacked"]]
    clean = summary["clean"] | summary["clean"].get("fresh", {}).get("mean", {})
    worst = max(rows, key=lambda row: row["aurc"])
    radius, times = worst["radius"], float("inf") if worst["aurc"] else 1.0
    if clean["aurc"]:
        times = worst["aurc"] / clean["aurc"]
    labels = "no predicted label" if worst["kept"] == 1 else f"{1 - worst['kept']:.2%} of the predicted labels"
    if "fresh" in worst:
        labels += " under fresh draws"
    if times < 1.05:
        return f"An attack within {radius:g} that changed {labels} did not make the confidence rank errors worse."
    grew = f"{times:.3g} times as large" if times < float("inf") else "larger than 0"
    return (
        f"An attack that moved no pixel by more than {radius:g} of the full range and changed {labels} "
        f"made the area under the risk-coverage curve {grew} "
        f"({1000 * clean['aurc']:.2f} to {1000 * worst['aurc']:.2f}, x 1000)."
    )


def write_audit_report(
    folder: RunFolder, spec: AuditSpec, dataset: Dataset, victim: Victim, summary: Mapping[str, Any]
) -> None:
    """Write the report and its figures into the run's folder."""
    table = folder.read()
    stages = [(None, records.select(table, variant="clean", repeat=0))]
    stages += [(radius, records.select(table, variant="attacked", radius=radius, repeat=0)) for radius in spec.radii]
    wrong = errors(stages[0][1])
    run = summary["run"]
    report = AuditReport(
        title=f"feint audit: {victim.name} on {dataset.name}",
        headline=headline(summary),
        command=run["command"],
        facts={
            "data": dataset.name,
            "network": victim.name,
            "images": str(summary["images"]),
            "classes": str(victim.classes),
            "attack": f"ACE, {spec.attack.title}",
            "confidence": f"the negative of {summary['measure']}",
            "estimator": _estimator(spec.victim),
            **facts(folder),
        },
        scores=scores(summary),
        curves=tuple(
            _curve(radius, metrics.risk_coverage(uncertainty(rows, summary["measure"]), errors(rows)))
            for radius, rows in stages
        ),
        best=_curve(None, metrics.best_risk_coverage(wrong)),
        worst=_curve(None, metrics.worst_risk_coverage(wrong)),
        confidences=tuple(
            Confidences(radius, 1 - uncertainty(rows, "max_probability").numpy(), (~errors(rows)).numpy())
            for radius, rows in stages
        ),
        gallery=_gallery(folder, dataset),
        rounding=tuple(_rounding(row, summary["clean"]) for row in summary["attacked"]),
        classes=tuple(
            ClassScore(row["name"], row["images"], row["accuracy"], row["confidence"], row["confidence_attacked"])
            for row in summary["classes"]
        ),
        classes_radius=max(spec.radii),
        calibrations=tuple(
            _calibration(radius, rows, row)
            for (radius, rows), row in zip(stages, (summary["clean"], *summary["attacked"]), strict=True)
        ),
        thresholds=thresholds(summary),
        notes=notes(summary),
        skipped=tuple(f"{where}: {reason}" for where, reason in summary["skipped"]),
    )
    write_report(folder, report)


def _estimator(spec: VictimSpec) -> str:
    """How the victim predicts, in words."""
    each = f"MC dropout, {spec.draws} draws, {spec.masks} masks" if spec.estimator == "mc-dropout" else "softmax"
    if spec.estimator == "softmax" and spec.temperature != 1:
        each += f" at temperature {spec.temperature:g}"
    return each if len(spec.networks) < 2 else f"ensemble of {len(spec.networks)}, mean {spec.average}: {each}"


def notes(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """What fresh draws make of it, where there are any: the table is of the draws that the attack has seen."""
    rows = [("clean", summary["clean"]), *((f"radius {row['radius']:g}", row) for row in summary["attacked"])]
    return tuple(
        f"{name}, asked {fresh['repeats']} times with fresh draws: AURC x 1000 {1000 * fresh['mean']['aurc']:.2f} "
        f"+- {1000 * fresh['std']['aurc']:.2f}, accuracy {fresh['mean']['accuracy']:.2%}, "
        f"labels kept {fresh['mean']['kept']:.2%} +- {fresh['std']['kept']:.2%}"
        for name, fresh in ((name, row["fresh"]) for name, row in rows if "fresh" in row)
    )


def _curve(radius: float | None, curve: RiskCoverage) -> RiskCurve:
    return RiskCurve(radius, curve.coverage.numpy(), curve.risk.numpy())


def _calibration(radius: float | None, rows: pa.Table, row: Mapping[str, Any]) -> Calibration:
    """The reliability diagram of one variant at one radius; its errors are the summary's."""
    found = metrics.reliability(1 - uncertainty(rows, "max_probability"), ~errors(rows))
    return Calibration(
        radius=radius,
        edges=np.append(found.lower.numpy(), found.upper[-1].item()),
        count=found.count.numpy(),
        confidence=found.confidence.numpy(),
        accuracy=found.accuracy.numpy(),
        ece=row["ece"],
        ks=row["ks"],
    )


def thresholds(summary: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """What becomes of thresholds calibrated on the clean images, as the report shows it."""
    return tuple(
        Threshold(
            calibrated_to=row["calibrated_to"],
            value=row["value"],
            bound=_bound(summary["measure"], row["threshold"]),
            clean=Answered(None, row["clean"]["coverage"], row["clean"]["risk"]),
            attacked=tuple(Answered(found["radius"], found["coverage"], found["risk"]) for found in row["attacked"]),
        )
        for row in summary["thresholds"]
    )


def _bound(measure: str, threshold: float) -> str:
    """A threshold in words: of a confidence where the measure is one minus it."""
    if measure == "max_probability":
        return f"confidence ≥ {percent(1 - threshold, 2)} %"
    return f"{measure.replace('_', ' ')} ≤ {threshold:.4g}"


def _rounding(row: Mapping[str, Any], clean: Mapping[str, Any]) -> Rounding:
    rounded, grew = row["rounded"], row["aurc"] - clean["aurc"]
    return Rounding(
        radius=row["radius"],
        kept=rounded["kept"],
        aurc_attacked=row["aurc"],
        aurc_rounded=rounded["aurc"],
        surviving=(rounded["aurc"] - clean["aurc"]) / grew if grew > 0 else None,
        pixels_changed=rounded["pixels_changed"],
    )


def _gallery(folder: RunFolder, dataset: Dataset) -> tuple[GalleryItem, ...]:
    items = Gallery.read(folder.path / "gallery.npz").items
    known = dataset.classes

    def name(label: int) -> str:
        return known[label] if label < len(known) else str(label)

    return tuple(
        GalleryItem(
            title=f"image {row['sample']}",
            original=row["original"],
            attacked=row["attacked"],
            radius=float(row["radius"]),
            label=name(int(row["label"])),
            prediction=name(int(row["clean_prediction"])),
            before=float(row["before"]),
            after=float(row["after"]),
            correct=bool(row["label"] == row["clean_prediction"]),
            attacked_prediction=name(int(row["prediction"])) if row["prediction"] != row["clean_prediction"] else None,
        )
        for row in (dict(zip(items, values, strict=True)) for values in zip(*items.values(), strict=True))
    )
