"""The terms of reports, and what they mean; and measures in a few letters."""

from collections.abc import Mapping
from typing import Final

TITLES: Final = {
    "max_probability": "1 − max. probability",
    "predictive_entropy": "entropy",
    "margin": "1 − margin",
    "variation_ratio": "variation ratio",
}
"""Measures in a few letters, where their names are long or say the opposite; entropies and information are in nats."""


def title(measure: str) -> str:
    """What a measure is called in a figure."""
    return TITLES.get(measure, measure.replace("_", " "))


def untitled(name: str) -> str:
    """The measure of a `title`.

    >>> untitled(title("max_probability")), untitled(title("mutual_information"))
    ('max_probability', 'mutual_information')
    """
    return next((measure for measure, said in TITLES.items() if said == name), name.replace(" ", "_"))


def chosen(*terms: str) -> dict[str, str]:
    """Some of the terms, in this order."""
    return {term: GLOSSARY[term] for term in terms}


GLOSSARY: Mapping[str, str] = {
    # How confidence ranks errors, and what probabilities are worth.
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
    "Kendall’s tau": "How much of an order is left: 1 all of it, 0 nothing, −1 its exact reverse.",
    "Spearman, Kendall": "How much of the order is the same: 1 all of it, 0 nothing, −1 turned around.",
    # What an attack did, and what it cost.
    "Radius": "The most that any pixel value may change, where values run from 0 to 1. One grey level of 255 is "
    "3.9e-3.",
    "Effective radius": "The mean radius that the attack settled on: it takes smaller steps where the full one would "
    "change the prediction, and counts as 0 where it gave up.",
    "Unspent radius": "Radius less effective radius: what the attack had no use for.",
    "Kept": "The share of images whose predicted class the attack left as it was.",
    "Gradients, queries": "What the attack cost: gradients and forward passes through the network, per image.",
    # How far a confidence can be moved.
    "Confidence": "The probability that the classifier gives its own prediction.",
    "Span": "From the lowest to the highest confidence that the attack reached within the radius while the predicted "
    "class stayed as it was.",
    "Width": "Highest less lowest confidence, in percentage points: 0 for a confidence that nobody can move.",
    "Threshold": "The classifier answers where its confidence is at least this, and passes the rest on.",
    "Crossing": "The share of images that an attacker can put on either side of the threshold, as they please.",
    # Detectors.
    "AUROC": "The chance that an attacked input scores above one that is not: 1 finds all, 0.5 knows nothing, below "
    "0.5 calls attacked inputs the safer ones.",
    "AUPR": "Average precision: the share of attacked inputs among those flagged, averaged over the share found.",
    "FPR95": "The share of innocent inputs that are flagged at the threshold which finds 95 % of the attacked ones.",
    "(S)": "Only attacked inputs whose label changed count as positives: those that the attack was after.",
    "Noise": "Each attacked input comes with a noisy one as far from the original in L2. A detector that flags "
    "whatever was touched is not a detector of attacks.",
    "Adaptive": "An attacker who knows the detector, and keeps its measure low while the label changes.",
    "ACE": "An attacker who changes confidence and no label: what looks for changed labels has nothing to find.",
    # Uncertainty from several draws.
    "Entropy": "Of the mean prediction over the draws, in nats: the total uncertainty, 0 to log C.",
    "Mutual information": "What the draws disagree on, in nats: high where the networks were not told what to say. "
    "A single network without dropout has none.",
    "Sum of variances": "Over classes, of the variance over draws of a class's probability: C times the softmax "
    "variance. What is left of mutual information where the logarithm is expanded about 1.",
    "Half the sum of variance / mean": "What mutual information tends to where the draws lie close together.",
    "Latent blend": "Both images encoded, the point between their codes decoded.",
    "Pixel blend": "The mean of the two images, pixel by pixel; of the reconstructions: of what the autoencoder makes "
    "of them, so that both kinds of blend begin and end in the same images.",
}
OUT_OF_DOMAIN: Mapping[str, str] = {
    "Foreign": "Of another domain than the classifier was trained for: whatever it says of them is wrong.",
    "Reject rate": "The share of images whose confidence is not above a threshold: those that nobody is told about.",
    "AUROC": "The chance that a foreign image scores above an in-domain one: 1 tells all apart, 0.5 knows nothing, "
    "below 0.5 takes foreign images for the safer ones.",
    "AUPR": "Average precision: the share of foreign images among those flagged, averaged over the share found.",
    "FPR95": "The share of in-domain images that are flagged at the threshold which finds 95 % of the foreign ones.",
    "Brier": "Squared distance between the predicted probabilities and the truth, the mean over classes: 0 to 2 / C.",
    **chosen("NLL", "Radius"),
}
"""Terms of runs on foreign images, where they mean something else than elsewhere."""
CLASSES: Mapping[str, str] = {
    "accuracy": "The share of a class's images whose mean prediction over the passes is right.",
    "mean softmax": "Of the true class, over passes and images of the class: right predictions count less than 1.",
    "confidence": "1 - 2 sd of the true class's softmax over the passes, averaged over the images of the class: 1 "
    "where all passes agree, be it about the wrong class. Of a victim with a single pass and an uncertainty of its own "
    "(DUQ, SNGP, SelectiveNet): 1 - that, averaged likewise.",
}
"""Terms of runs by class."""
SPANS: Mapping[str, str] = {
    "Gradients, queries": "What it cost, per image: gradients, and questions whether the predicted class is kept; at "
    "this radius and the smaller ones, whose points count here too.",
}
"""What spans cost, which is shared among radii."""
BLENDS = {"AUROC": "The chance that a pixel blend scores above a latent one: 1 tells them apart, ½ does not."}
"""What an area under a curve means of blends."""
