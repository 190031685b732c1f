"""What becomes of a selector that has learnt which inputs to answer: at its own threshold, and at a calibrated one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from feint.metrics import selective_risk
from feint.metrics.thresholds import at_threshold, threshold_at_coverage

THRESHOLD = 0.5
"""The selector's own: an input is answered where g, one minus its uncertainty, is at least a half."""


def selection(
    clean: tuple[Float[Tensor, " N"], Bool[Tensor, " N"]],
    attacked: Mapping[float, tuple[Float[Tensor, " N"], Bool[Tensor, " N"]]],
    *,
    coverage: float,
    seed: int,
) -> dict[str, Any]:
    """Coverage and risk of a selector, clean and attacked.

    Args:
        clean: 1 - g and the errors of clean inputs.
        attacked: the same by radius, of the same inputs in the same order.
        coverage: the share to answer that the second threshold is calibrated to, in (0, 1].
        seed: of the draw of the halves that it is calibrated on.

    Returns:
        ``clean`` and ``attacked``: at the selector's own threshold the ``coverage`` and the ``risk`` of what is
        answered (None where nothing is), the ``selective_risk`` at exactly the clean inputs' coverage, and
        ``calibrated``, both with each half of the inputs at the threshold of the other half (two-fold cross-fitting),
        so that all are judged and none by a threshold that it helped to choose. ``calibrated_thresholds``: found on the
        first half and on the second; None where an input is alone. ``calibrated_coverages``: of the clean first half
        and of the second, by the other's threshold. Where one answers too many the other answers too few: together
        they are near what is wanted even where neither is.

    Reference: Galil & El-Yaniv 2021, section 5.4 (``selective_risk``); Geifman & El-Yaniv 2019, "SelectiveNet", the
    calibration of its coverage.
    """
    first = halved(len(clean[0]), seed)
    own = at_threshold(*clean, THRESHOLD)["coverage"] or 0.0
    found = [threshold_at_coverage(clean[0][half], coverage) for half in (first, ~first)] if first.any() else None
    others = None if found is None else torch.tensor(found, dtype=torch.float64)[first.long()]

    def judged(doubt: Tensor, wrong: Tensor) -> dict[str, Any]:
        return {
            **at_threshold(doubt, wrong, THRESHOLD),
            "selective_risk": selective_risk(doubt, wrong, own) if own else None,
            "calibrated": None if others is None else at_threshold(doubt - others, wrong, 0.0),
        }

    halves = None if others is None else [(clean[0] <= others)[half].double().mean().item() for half in (first, ~first)]
    return {
        "threshold": THRESHOLD,
        "wanted": coverage,
        "calibrated_thresholds": found,
        "calibrated_coverages": halves,
        "clean": judged(*clean),
        "attacked": [{"radius": radius, **judged(*pair)} for radius, pair in attacked.items()],
    }


def halved(count: int, seed: int) -> Bool[Tensor, " N"]:
    """Which of so many inputs are of the first half: a draw, rounded down.

    >>> int(halved(9, seed=0).sum())
    4
    """
    first = torch.zeros(count, dtype=torch.bool)
    first[torch.tensor(np.random.default_rng(seed).permutation(count)[: count // 2])] = True
    return first
