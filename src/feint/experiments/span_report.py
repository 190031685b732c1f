"""From the records of spans to their summary and report."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Bool
from torch import Tensor

from feint.data import Dataset
from feint.experiments.run import facts
from feint.experiments.summary import column
from feint.experiments.thresholds import threshold_at_coverage
from feint.experiments.victim import Victim
from feint.results import RunFolder
from feint.results.span import Intervals, SpanReport, SpanRow
from feint.results.span_report import write_span_report
from feint.results.tables import percent, radius_text

COVERAGE = 0.9
"""The share of the clean inputs that the threshold answers unless another is named."""


def summarise_spans(table: pa.Table, radii: Sequence[float], threshold: float | None) -> dict[str, Any]:
    """Widths and crossings per radius: all predictions, the correct and the wrong ones.

    Args:
        table: all records of a run.
        radii: its radii.
        threshold: in [0, 1]: answered is what has at least this confidence; an interval crosses it where its lowest
            confidence is not answered and its highest is. None for the one that answers 90 % of the clean inputs.
    """
    first = _at(table, radii[0])
    right = column(first, "label") == column(first, "prediction")
    chosen = -threshold_at_coverage(-column(first, "clean"), COVERAGE) if threshold is None else threshold
    return {
        "images": len(first),
        "accuracy": right.double().mean().item(),
        "threshold": chosen,
        "threshold_from": f"clean confidence at coverage {COVERAGE:g}" if threshold is None else "--threshold",
        "answered": (column(first, "clean") >= chosen).double().mean().item(),
        "spans": [_summary_at(_at(table, radius), radius, chosen) for radius in radii],
    }


def _at(table: pa.Table, radius: float) -> pa.Table:
    return table.filter(pa.array((column(table, "radius") == radius).numpy()))


def _summary_at(rows: pa.Table, radius: float, threshold: float) -> dict[str, Any]:
    right = column(rows, "label") == column(rows, "prediction")
    kinds = {"all": torch.ones_like(right), "correct": right, "wrong": ~right}
    return {"radius": radius, **{kind: _group(rows, kept, threshold) for kind, kept in kinds.items()}}


def _group(rows: pa.Table, kept: Bool[Tensor, " N"], threshold: float) -> dict[str, Any]:
    low, clean, high = (column(rows, name)[kept] for name in ("low", "clean", "high"))
    width = high - low
    values: dict[str, Tensor] = {
        "clean": clean,
        "low": low,
        "high": high,
        "mean_width": width,
        "crossing": (low < threshold) & (high >= threshold),
        "gradients": column(rows, "gradients")[kept],
        "queries": column(rows, "queries")[kept],
    }
    count = len(width)
    means = {name: value.double().mean().item() if count else None for name, value in values.items()}
    return {"images": count, **means, "median_width": float(np.median(width.numpy())) if count else None}


def span_rows(summary: Mapping[str, Any]) -> tuple[SpanRow, ...]:
    """The rows of the table."""
    return tuple(
        SpanRow(radius=found["radius"], kind=kind, **found[kind])
        for found in summary["spans"]
        for kind in ("all", "correct", "wrong")
    )


def span_headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence, at the largest radius."""
    found = summary["spans"][-1]
    kinds = [(kind, found[kind]["crossing"]) for kind in ("correct", "wrong") if found[kind]["images"]]
    split = " and ".join(f"{percent(share)} % of the {kind} predictions" for kind, share in kinds)
    return (
        f"Within {radius_text(found['radius'])} of the full range, and without changing a predicted label, an attacker "
        f"can put {percent(found['all']['crossing'])} % of the images on either side of a threshold of "
        f"{percent(summary['threshold'])} % confidence: {split}."
    )


def write_spans(folder: RunFolder, dataset: Dataset, victim: Victim, summary: Mapping[str, Any]) -> None:
    """Write the report and its figure into the run's folder."""
    table, steps = folder.read(), summary["steps"]
    notes = [
        "An attack bounds the true interval from inside: a stronger one can only widen it.",
        f"The threshold is {summary['threshold']:.6g}, from {summary['threshold_from']}; it answers "
        f"{percent(summary['answered'])} % of the clean images.",
    ]
    if victim.spec.stochastic:
        notes.append("The intervals are those of the draws that the attack saw; fresh draws move both ends.")
    report = SpanReport(
        title=f"feint span: {victim.name} on {dataset.name}",
        headline=span_headline(summary),
        command=summary["run"]["command"],
        facts={
            "data": dataset.name,
            "network": victim.name,
            "images": str(summary["images"]),
            "accuracy": f"{percent(summary['accuracy'], 2)} %",
            "attack": "ACE, one sign step to either end" if steps == 1 else f"ACE, {steps} steps to either end",
            **facts(folder),
        },
        threshold=summary["threshold"],
        rows=span_rows(summary),
        intervals=tuple(_intervals(_at(table, found["radius"]), found["radius"]) for found in summary["spans"]),
        notes=tuple(notes),
        skipped=tuple(f"{where}: {reason}" for where, reason in summary["skipped"]),
    )
    write_span_report(folder, report)


def _intervals(rows: pa.Table, radius: float) -> Intervals:
    clean, low, high = (column(rows, name).numpy() for name in ("clean", "low", "high"))
    return Intervals(radius, clean, low, high, (column(rows, "label") == column(rows, "prediction")).numpy())
