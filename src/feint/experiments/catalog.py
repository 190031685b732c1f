"""What there is, by name: plain dict literals that feed the command line, the report and the contract tests."""

from feint import attacks, estimators, measures
from feint.attacks import Attack
from feint.protocols import Measure

MEASURES: dict[str, Measure] = {
    "max_probability": measures.max_probability,
    "predictive_entropy": measures.predictive_entropy,
    "margin": measures.margin,
    "expected_entropy": measures.expected_entropy,
    "mutual_information": measures.mutual_information,
    "softmax_variance": measures.softmax_variance,
    "variation_ratio": measures.variation_ratio,
    "native": measures.native,
}

ESTIMATORS = {"softmax": estimators.Softmax}

ATTACKS: dict[str, type[Attack]] = {"ace": attacks.ACE}
