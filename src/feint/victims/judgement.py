"""From predictions to the columns of a record: what is measured of every input, clean or attacked."""

from collections.abc import Mapping, Sequence

import numpy.typing as npt
from jaxtyping import Int
from torch import Tensor

from feint.metrics import brier_terms
from feint.predictive import Categorical

from .records import MEASURE
from .victim import measure

Columns = dict[str, npt.ArrayLike]
"""Columns of records: an array of one value per input, or one value for all."""


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
        **{f"{MEASURE}{name}": measure(name)(categorical) for name in measures},
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}
