"""A summary of the plane: how much of it looks familiar, far from all data and near them, and the rubbish."""

from typing import Any

from feint.runs.run import Run

from .plane import Mapped, Plane, read_mapped, read_plane
from .settings import LatentSettings


def summarise(run: Run) -> dict[str, Any]:
    """The shares of confident points, by victim and measure."""
    settings: LatentSettings = run.settings
    plane = read_plane(run)
    victims = [read_mapped(run, which) for which in range(len(run.about["victims"]))]
    return {
        "warnings": list(dict.fromkeys([*run.about["warnings"], *(each for one in victims for each in one.warnings)])),
        "images": len(plane.labels),
        "points": plane.distance.size,
        "extent": plane.end,
        "far_beyond": plane.border,
        "far_share": float(plane.is_far.mean()),
        "flagged": settings.flagged,
        "victims": [
            {
                "name": victim.name,
                "accuracy": victim.accuracy,
                "limits": dict(victim.limits),
                "far_confident": victim.shares(plane.is_far),
                "near_confident": victim.shares(~plane.is_far),
                "rubbish": [
                    _numbers(plane, victim, place) for place in run.arrays("rubbish", str(which))["points"].tolist()
                ],
            }
            for which, victim in enumerate(victims)
        ],
    }


def _numbers(plane: Plane, victim: Mapped, place: int) -> dict[str, float | int | None]:
    """Everything about a point but its image; entropy and information in nats."""
    side = len(plane.axis)
    information = victim.measures.get("mutual_information")
    return {
        "x": float(plane.axis[place % side]),
        "y": float(plane.axis[place // side]),
        "distance": float(plane.distance.flat[place]),
        "prediction": int(victim.prediction[place]),
        "confidence": float(victim.confidence[place]),
        "entropy": float(victim.measures["predictive_entropy"].flat[place]),
        "information": None if information is None else float(information.flat[place]),
    }
