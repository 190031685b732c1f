"""From predictions to the columns of a record: what is measured of every input, clean or attacked."""

from collections.abc import Mapping, Sequence

import numpy.typing as npt
from jaxtyping import Int
from torch import Tensor

from feint.errors import NotApplicable
from feint.experiments.catalog import MEASURES
from feint.metrics import brier_terms
from feint.predictive import Categorical
from feint.results.records import MEASURE

Columns = dict[str, npt.ArrayLike]
"""Columns of records: an array of one value per input, or one value for all."""


def applicable_measures(categorical: Categorical) -> list[str]:
    """The names of the measures that this kind of prediction has."""
    names: list[str] = []
    for name, measure in MEASURES.items():
        try:
            measure(categorical)
        except NotApplicable:
            continue
        names.append(name)
    return names


def judge(categorical: Categorical, labels: Int[Tensor, " N"], measures: Sequence[str]) -> Columns:
    """The columns of a record that follow from a prediction and the true labels.

    Args:
        categorical: the prediction for N inputs.
        labels: the true classes.
        measures: names from the catalog.
    """
    mean = categorical.mean_log_probs
    columns: Mapping[str, Tensor] = {
        "label": labels,
        "prediction": categorical.prediction,
        "log_prob_label": mean.gather(-1, labels.unsqueeze(-1)).squeeze(-1),
        "brier": brier_terms(mean, labels),
        **{f"{MEASURE}{name}": MEASURES[name](categorical) for name in measures},
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}
