"""The terms of reports, and what they mean."""

from collections.abc import Mapping, Sequence


def chosen(terms: Sequence[str]) -> dict[str, str]:
    """Some of the terms, in this order."""
    return {term: GLOSSARY[term] for term in terms}


GLOSSARY: Mapping[str, str] = {
    "Selective prediction": "The classifier answers only where it is confident enough. Coverage is the share of "
    "images it answers, risk the share of wrong answers among them.",
    "AURC": "Area under the risk-coverage curve: the mean, over the coverages k/N, of the error rate among the k "
    "most confident images. Lower is better; 0 for a classifier without errors. Shown × 1000.",
    "E-AURC": "Excess AURC: AURC less the best possible at this accuracy, where every error ranks last. Shown × 1000.",
    "AUGRC": "Area under the generalized risk-coverage curve: errors accepted, as a share of all N images, against "
    "coverage. Shown × 1000.",
    "NLL": "Mean negative log-likelihood of the true class, in nats. Lower is better.",
    "Brier": "Squared distance between the predicted probabilities and the truth, summed over classes: 0 to 2.",
    "ECE": "Expected calibration error: how far confidence and accuracy lie apart, on average over 15 equally wide "
    "bins of confidence.",
    "KS": "Calibration error without bins: the largest gap, up to any confidence, between how much confidence was "
    "promised and how many predictions were correct, as a share of all images.",
    "Radius": "The most that any pixel value may change, where values run from 0 to 1. One grey level of 255 is "
    "3.9e-3.",
    "Effective radius": "The mean radius that the attack settled on: it takes smaller steps where the full one would "
    "change the prediction, and counts as 0 where it gave up.",
    "Unspent radius": "Radius less effective radius: what the attack had no use for.",
    "Kept": "The share of images whose predicted class the attack left as it was.",
    "Kendall’s tau": "How much of an order is left: 1 all of it, 0 nothing, −1 its exact reverse.",
    "Gradients, queries": "What the attack cost: gradients and forward passes through the network, per image.",
}
"""The terms on the page, and what they mean."""
