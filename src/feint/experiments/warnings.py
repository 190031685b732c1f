"""What must be known before a number is believed: on the page, in JSON and on standard error."""

from collections.abc import Sequence

NO_ERRORS = (
    "no clean image is misclassified: there is nothing to rank, and an attack that keeps labels cannot show in AURC"
)


def about_ranking(images: int, errors: int, classes: Sequence[str], present: int) -> list[str]:
    """Whether there is anything to rank, and whether it makes sense.

    Args:
        images: how many.
        errors: how many of them the victim gets wrong, clean.
        classes: the victim's.
        present: how many of its classes the images have.

    >>> about_ranking(100, 0, ["a", "b"], 2) == [NO_ERRORS]
    True
    """
    found: list[str] = []
    if errors == 0:
        found.append(NO_ERRORS)
    elif errors == images:
        found.append(
            "every clean image is misclassified: there is nothing to rank; are labels and classes in the same order?"
        )
    elif 1 - errors / images <= 1 / len(classes):
        found.append(
            f"accuracy is {1 - errors / images:.1%}, no better than chance among {len(classes)} classes: "
            "are labels, preprocessing and weights those of this network?"
        )
    if present == 1 and len(classes) > 1:
        found.append("all images are of one class: figures say nothing about the others")
    return found


def about_direction(counts: dict[float, int], images: int) -> list[str]:
    """Whether gradients were zero everywhere, which is not robustness.

    Args:
        counts: by radius, how many inputs had no direction to go.
        images: of how many.

    >>> about_direction({0.1: 0}, 10)
    []
    """
    worst = max(counts.values(), default=0)
    if not worst:
        return []
    return [
        f"the gradient is zero everywhere for {worst:,} of {images:,} images ({worst / images:.1%}): the attack had no "
        "direction to go, which is not robustness; try a query attack (--attack square), proxies (--proxy), or several "
        "steps from a random start (--attack pgd)"
    ]
