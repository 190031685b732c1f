"""What records of foreign inputs come to: reject rates, detection of foreign inputs, accuracy in the domain."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from feint import metrics
from feint.runs.work import Array
from feint.victims.records import MEASURE, tensor

TAUS: Final = tuple(round(0.1 * step, 1) for step in range(1, 10))
"""Thresholds of confidence, above which an input is accepted; the paper's table is at the last."""
REJECTED: Final = 0.05
"""The share of clean in-domain inputs that a threshold rejects which is set by them."""
KERNELS: Final = ("kernel", "normalised")
"""Further ways to say how confident DUQ is."""


class Rows:
    """The records of one victim, judge and set of images under one attack, by column.

    Args:
        table: these rows.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.num_rows

    def __getitem__(self, name: str) -> Array:
        return self._table.column(name).to_numpy()

    def uncertainty(self, name: str) -> Tensor:
        """A measure, by its name."""
        return tensor(np.ascontiguousarray(self[MEASURE + name]))


def confidences(rows: Rows, kind: str) -> dict[str, Array]:
    """How confident each prediction is, in one way, or for DUQ in three.

    ``max p`` is the largest mean probability, of DUQ that of the log-softmax of its log-kernels; ``kernel`` the largest
    kernel; ``normalised`` the largest of the kernels over their sum, which is max p but where all kernels round to 0 in
    1 - native (they are below 1e-16): there is nothing to normalise, and the input is rejected.

    Args:
        rows: the records.
        kind: of the judge's estimator.
    """
    top = 1 - rows[f"{MEASURE}max_probability"]
    if kind != "duq":
        return {"max p": top}
    kernel = 1 - rows[f"{MEASURE}native"]
    return {"max p": top, "kernel": kernel, "normalised": np.where(kernel > 0, top, 0.0)}


def reject_rates(confidence: Array) -> list[float]:
    """1 - mean[confidence > tau], for each tau.

    >>> reject_rates(np.array([0.15, 0.95]))
    [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    """
    return [float(1 - (confidence > tau).mean()) for tau in TAUS]


def threshold(clean: Tensor) -> float:
    """The uncertainty above which at most 5 % of the clean in-domain inputs are rejected."""
    return metrics.threshold_at_coverage(clean, 1 - REJECTED)


def told_apart(domain: Tensor, foreign: Tensor) -> dict[str, float]:
    """How well a measure tells foreign inputs, the positives, from in-domain ones: AUROC, AUPR, FPR95."""
    scores = torch.cat([domain, foreign])
    positives = torch.arange(len(scores)) >= len(domain)
    return {
        "auroc": metrics.auroc(scores, positives),
        "aupr": metrics.aupr(scores, positives),
        "fpr95": metrics.fpr_at_tpr(scores, positives, 0.95),
    }


def in_domain(rows: Rows) -> dict[str, float]:
    """Accuracy, NLL in nats, and the Brier score as a mean over classes."""
    return {
        "accuracy": float((rows["prediction"] == rows["label"]).mean()),
        "nll": metrics.nll(tensor(np.ascontiguousarray(rows["log_prob_label"]))),
        "brier": float(rows["brier"].mean()),
    }


def entry(
    rows: Rows,
    judge: Mapping[str, Any],
    thresholds: Mapping[str, float],
    domain: Mapping[str, Tensor] | None,
    foreign: Mapping[str, Tensor] | None,
) -> dict[str, Any]:
    """One row of the summary: what a judge says of some inputs.

    Args:
        rows: the records.
        judge: what is known of it.
        thresholds: by measure, as its clean in-domain inputs set them.
        domain: the in-domain inputs' uncertainties by measure that these are to be told from; None where these are
            in-domain themselves.
        foreign: likewise foreign ones; None where these are foreign.
    """
    rates = {name: reject_rates(values) for name, values in confidences(rows, judge["kind"]).items()}
    found: dict[str, Any] = {"images": len(rows), "entropy": float(rows.uncertainty("predictive_entropy").mean())}
    found |= {"reject": rates["max p"], **{f"reject_{name}": rates[name] for name in KERNELS if name in rates}}
    by_measure: dict[str, dict[str, float]] = {}
    for name in judge["measures"]:
        values = rows.uncertainty(name)
        by_measure[name] = {
            "mean": float(values.mean()),
            "rejected_at_5": float((values > thresholds[name]).double().mean()),
        }
        if domain is not None:
            by_measure[name] |= told_apart(domain[name], values)
        elif foreign is not None:
            by_measure[name] |= told_apart(values, foreign[name])
    nothing = {"auroc": None, "aupr": None, "fpr95": None}
    return {
        **found,
        **nothing,
        **by_measure[judge["measure"]],
        "linf": float(rows["linf"].mean()),
        "gradients": float(rows["gradients"].mean()),
        "directionless": int(rows["directionless"].sum()),
        "measures": by_measure,
    }
