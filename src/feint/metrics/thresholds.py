"""What an attack does to a deployed threshold: answer below it, ask a person above it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor

from feint import metrics
from feint.metrics import threshold_at_coverage as threshold_at_coverage

COVERAGES = (0.5, 0.7, 0.9)
RISKS = (0.01, 0.02, 0.05)


def threshold_at_risk(uncertainty: Float[Tensor, " N"], errors: Bool[Tensor, " N"], risk: float) -> float | None:
    """The highest threshold at which the error rate among the answered is at most `risk`; None where none is."""
    found = metrics.threshold_at_risk(uncertainty, errors, risk)
    return found if math.isfinite(found) else None


def at_threshold(
    uncertainty: Float[Tensor, " N"], errors: Bool[Tensor, " N"], threshold: float
) -> dict[str, float | None]:
    """The share that is answered, and the error rate among them (None where nothing is)."""
    answered = metrics.at_threshold(uncertainty, errors, threshold)
    return {"coverage": answered.coverage, "risk": answered.risk if answered.coverage else None}


def threshold_damage(
    clean: tuple[Float[Tensor, " N"], Bool[Tensor, " N"]],
    attacked: Mapping[float, tuple[Float[Tensor, " M"], Bool[Tensor, " M"]]],
    coverages: Sequence[float] = COVERAGES,
    risks: Sequence[float] = RISKS,
) -> list[dict[str, Any]]:
    """Coverage and risk under attack of thresholds that were calibrated on the clean inputs.

    Args:
        clean: uncertainties and errors of the clean inputs.
        attacked: the same by radius; several times as many where fresh draws judge.
        coverages: thresholds that answer this share of the clean inputs.
        risks: thresholds that answer as many clean inputs as this error rate allows; left out where none does.
    """
    wanted = [("coverage", value, threshold_at_coverage(clean[0], value)) for value in coverages]
    wanted += [("risk", value, found) for value in risks if (found := threshold_at_risk(*clean, value)) is not None]
    return [
        {
            "calibrated_to": kind,
            "value": value,
            "threshold": threshold,
            "clean": at_threshold(*clean, threshold),
            "attacked": [{"radius": radius, **at_threshold(*pair, threshold)} for radius, pair in attacked.items()],
        }
        for kind, value, threshold in wanted
    ]
