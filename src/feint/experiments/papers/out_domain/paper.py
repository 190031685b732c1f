"""The figures that the paper prints, as plain data, and what is known of how its release came to them.

Zeng et al. 2022: mean entropy in nats, and reject rate at a confidence of 0.9, of foreign images, clean and attacked.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

Kind = str
"""A row of the table: see ``settings.ROWS``."""


class PaperRow(NamedTuple):
    """What the paper prints of one estimator.

    Attributes:
        entropy: of the foreign images as they come.
        entropies: attacked, by radius.
        reject: the reject rate of the foreign images as they come.
        rejects: attacked, by radius.
    """

    entropy: float
    entropies: tuple[float, float, float]
    reject: float
    rejects: tuple[float, float, float]


MNIST_RADII: Final = (0.1, 0.2, 0.3)
CIFAR_RADII: Final = (0.016, 0.031, 0.063)

MNIST: Final[Mapping[Kind, PaperRow]] = {
    "ensemble": PaperRow(0.42, (0.26, 0.22, 0.22), 0.44, (0.26, 0.22, 0.21)),
    "adversarial-1": PaperRow(0.65, (0.49, 0.45, 0.48), 0.60, (0.44, 0.40, 0.41)),
    "adversarial-2": PaperRow(0.72, (0.58, 0.53, 0.73), 0.65, (0.52, 0.47, 0.57)),
    "duq": PaperRow(1.29, (1.02, 0.80, 0.72), 0.98, (0.78, 0.48, 0.40)),
    "due": PaperRow(0.83, (0.09, 0.07, 0.08), 0.69, (0.01, 0.00, 0.00)),
    "sngp": PaperRow(1.22, (0.23, 0.14, 0.15), 0.80, (0.17, 0.12, 0.11)),
}
"""MNIST against notMNIST."""

CIFAR: Final[Mapping[Kind, PaperRow]] = {
    "ensemble": PaperRow(0.45, (0.34, 0.51, 0.68), 0.53, (0.39, 0.59, 0.76)),
    "adversarial-1": PaperRow(1.01, (0.65, 0.49, 0.44), 0.93, (0.65, 0.48, 0.42)),
    "adversarial-2": PaperRow(1.30, (1.03, 0.86, 0.75), 0.98, (0.90, 0.80, 0.70)),
    "duq": PaperRow(1.32, (0.56, 0.32, 0.24), 1.00, (0.72, 0.13, 0.04)),
    "due": PaperRow(1.26, (1.05, 0.98, 0.93), 0.95, (0.81, 0.80, 0.82)),
    "sngp": PaperRow(1.04, (0.04, 0.03, 0.03), 0.90, (0.02, 0.02, 0.00)),
}
"""CIFAR-10 against SVHN."""

TABLES: Final[Mapping[str, tuple[tuple[float, ...], Mapping[Kind, PaperRow]]]] = {
    "out-domain-mnist": (MNIST_RADII, MNIST),
    "out-domain-cifar": (CIFAR_RADII, CIFAR),
}
"""The paper's radii and rows, by our table."""

RELEASE: Final = (
    "The release attacks ensembles member by member, each by an input of its own, in one step, and averages their "
    "logits; the captions say ten steps. Beside the paper's rows of ensembles stands ours of that kind; the attack on "
    "the ensemble as one, which is the only one that somebody could hand in, is the row above it.",
    "The release attacks DUQ and SNGP in ten steps, with the label chosen anew at each, and returns the last iterate; "
    "here the best is kept.",
    "The release keeps the weights of the best test epoch; here a tenth of the training images decides.",
    "The release's ResNet for DUQ trains with centroids of length 512 and evaluates with 256.",
    "The release cuts off the gradient of SNGP's variance; here an attacker has it.",
)
"""What is known of the released code, to be said beside the table."""
