"""Measures: from a Categorical to an uncertainty per input, shape ``(N,)``, higher = more uncertain."""

from .entropy import expected_entropy as expected_entropy
from .entropy import mutual_information as mutual_information
from .entropy import predictive_entropy as predictive_entropy
from .margin import margin as margin
from .max_probability import label_doubt as label_doubt
from .max_probability import max_probability as max_probability
from .native import native as native
from .spread import softmax_variance as softmax_variance
from .spread import variation_ratio as variation_ratio

__all__ = [
    "expected_entropy",
    "label_doubt",
    "margin",
    "max_probability",
    "mutual_information",
    "native",
    "predictive_entropy",
    "softmax_variance",
    "variation_ratio",
]
