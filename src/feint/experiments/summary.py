"""A run's summary, computed from its records."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from feint import metrics
from feint.results import records


def column(table: pa.Table, name: str) -> Tensor:
    """A column of records as a tensor."""
    return torch.tensor(table.column(name).to_numpy())


def uncertainty(table: pa.Table, measure: str) -> Tensor:
    """The column of a measure."""
    return column(table, records.MEASURE + measure)


def errors(table: pa.Table) -> Tensor:
    """Whether each prediction is wrong."""
    return column(table, "prediction") != column(table, "label")


def quality(table: pa.Table, measure: str) -> dict[str, float]:
    """How well the measure ranks the errors, and how good the probabilities are: one number a metric.

    Args:
        table: records of one variant at one radius.
        measure: the name of the measure that ranks.
    """
    wrong, doubt = errors(table), uncertainty(table, measure)
    confidence = 1 - uncertainty(table, "max_probability")
    return {
        "aurc": metrics.aurc(doubt, wrong),
        "e_aurc": metrics.e_aurc(doubt, wrong),
        "augrc": metrics.augrc(doubt, wrong),
        "nll": metrics.nll(column(table, "log_prob_label")),
        "brier": column(table, "brier").mean().item(),
        "ece": metrics.ece(confidence, ~wrong),
        "accuracy": 1 - wrong.double().mean().item(),
    }


def kept(table: pa.Table) -> float:
    """The share of inputs whose predicted label is the clean one's."""
    return (column(table, "prediction") == column(table, "clean_prediction")).double().mean().item()


def summarise(table: pa.Table, radii: Sequence[float], measure: str) -> dict[str, Any]:
    """The clean figures and those at every radius, attacked and rounded to 8 bits.

    Args:
        table: all records of an audit.
        radii: its radii.
        measure: the name of the measure that ranks.
    """
    clean = records.select(table, variant="clean")
    return {
        "measure": measure,
        "images": len(clean),
        "clean": {**quality(clean, measure), "worst_aurc": metrics.worst_aurc(errors(clean))},
        "attacked": [_attacked(table, radius, measure) for radius in radii],
    }


def _attacked(table: pa.Table, radius: float, measure: str) -> Mapping[str, Any]:
    attacked = records.select(table, variant="attacked", radius=radius)
    rounded = records.select(table, variant="rounded", radius=radius)
    return {
        "radius": radius,
        **quality(attacked, measure),
        "effective_radius": column(attacked, "accepted").mean().item(),
        "measured_radius": column(attacked, "measured").mean().item(),
        "kept": kept(attacked),
        "gradients": column(attacked, "gradients").double().mean().item(),
        "queries": column(attacked, "queries").double().mean().item(),
        "rounded": {
            **quality(rounded, measure),
            "kept": kept(rounded),
            "pixels_changed": column(rounded, "changed").mean().item(),
        },
    }
