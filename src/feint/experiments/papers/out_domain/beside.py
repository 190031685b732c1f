"""Which of the paper's figures stand beside one of ours: those of the same estimator, attack and radius."""

import math
from typing import Any

from .paper import TABLES
from .work import ENSEMBLES, JOINT, PER_MEMBER


def papers(experiment: str, row: str, attack: str, radius: float | None) -> dict[str, float] | None:
    """The paper's entropy and reject rate; None where it has none.

    Its ensembles were attacked member by member in one step, so they stand beside ours of that kind; the others beside
    ten steps. Its SNGP has the released factor, 25.

    Args:
        experiment: the name of our table.
        row: of our table.
        attack: what ours is called; "" for clean.
        radius: of ours; None for clean.
    """
    radii, table = TABLES[experiment]
    if row in ("sngp", "sngp-25"):
        row = "sngp" if row == "sngp-25" else ""
    if row not in table:
        return None
    found = table[row]
    if radius is None:
        return {"entropy": found.entropy, "reject": found.reject}
    if attack != (PER_MEMBER if row in ENSEMBLES else JOINT).called:
        return None
    for at, each in enumerate(radii):
        if math.isclose(each, radius, rel_tol=1e-9):
            return {"entropy": found.entropies[at], "reject": found.rejects[at]}
    return None


def whole(experiment: str) -> list[dict[str, Any]]:
    """The paper's table, a row for each estimator and radius."""
    radii, table = TABLES[experiment]
    found: list[dict[str, Any]] = []
    for row, printed in table.items():
        values = zip(
            (None, *radii), (printed.entropy, *printed.entropies), (printed.reject, *printed.rejects), strict=True
        )
        found += [{"row": row, "radius": at, "entropy": entropy, "reject": rate} for at, entropy, rate in values]
    return found
