"""What must be known before a number is believed: on the page, in JSON and on standard error."""

from collections.abc import Mapping

import numpy as np

from feint.reports.formats import percent
from feint.runs.work import Array

NO_ERRORS = (
    "no clean image is misclassified: there is nothing to rank, and an attack that keeps labels cannot show in AURC"
)
ONLY_ERRORS = "every clean image is misclassified: there is nothing to rank; are labels and classes in the same order?"


def about_accuracy(images: int, errors: int, classes: int, present: int, name: str = "") -> list[str]:
    """Whether what a victim says of clean images makes sense.

    Args:
        images: how many.
        errors: how many of them it gets wrong.
        classes: how many it has.
        present: how many of them the images have.
        name: whose accuracy, where there are several victims.

    >>> about_accuracy(100, 60, 2, 2)
    ['accuracy is 40.0 %, no better than chance among 2 classes: are labels, preprocessing and weights those of this \
network?']
    """
    found: list[str] = []
    whose = f"{name}: " if name else ""
    if images > 1 and errors == images:
        found.append(whose + ONLY_ERRORS)
    elif images > 1 and errors and (images - errors) * classes <= images:
        found.append(
            f"{whose}accuracy is {percent(1)(1 - errors / images)} %, no better than chance among {classes} classes: "
            "are labels, preprocessing and weights those of this network?"
        )
    if images > 1 and present == 1 and classes > 1:
        found.append("all images are of one class: figures say nothing about the others")
    return found


def about_ranking(images: int, errors: int, classes: int, present: int) -> list[str]:
    """The same, of what ranks: without an error there is nothing to rank.

    >>> about_ranking(100, 0, 2, 2) == [NO_ERRORS]
    True
    """
    return [*([] if errors else [NO_ERRORS]), *about_accuracy(images, errors, classes, present)]


def about_predictions(prediction: Array, labels: Array, classes: int, name: str = "") -> list[str]:
    """``about_accuracy`` of clean images by what a victim said of each.

    >>> about_predictions(np.array([0, 0]), np.array([0, 0]), 2)
    ['all images are of one class: figures say nothing about the others']
    """
    wrong = int((prediction != labels).sum())
    return about_accuracy(len(labels), wrong, classes, len(np.unique(labels)), name)


def about_direction(counts: Mapping[str, int], images: int) -> list[str]:
    """Whether gradients were zero everywhere, which is not robustness.

    Args:
        counts: by what was attacked, and how far: how many inputs had no direction to go.
        images: of how many.

    >>> about_direction({"": 0}, 10)
    []
    """
    where = max(counts, key=lambda name: counts[name], default="")
    worst = counts.get(where, 0)
    if not worst:
        return []
    whose = f"{where}: " if where else ""
    return [
        f"{whose}the gradient is zero everywhere for {worst:,} of {images:,} images ({percent(1)(worst / images)} %): "
        "the attack had no direction to go, which is not robustness; try a query attack (--attack square), proxies "
        "(--proxy), or several steps from a random start (--attack pgd)"
    ]
