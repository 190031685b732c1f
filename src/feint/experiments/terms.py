"""Words that several reports use: measures in a few letters, and what they are."""

from typing import Final

TITLES: Final = {
    "max_probability": "1 − max. probability",
    "predictive_entropy": "entropy",
    "margin": "1 − margin",
    "expected_entropy": "expected entropy",
    "mutual_information": "mutual information",
    "softmax_variance": "softmax variance",
    "variation_ratio": "variation ratio",
}
"""Measures in a few letters; entropies and information are in nats."""

TERMS: Final = {
    "Entropy": "Of the mean prediction over the draws, in nats: the total uncertainty, 0 to log C.",
    "Mutual information": "What the draws disagree on, in nats: high where the networks were not told what to say. "
    "A single network without dropout has none.",
}


def title(measure: str) -> str:
    """What a measure is called in a figure."""
    return TITLES.get(measure, measure.replace("_", " "))
