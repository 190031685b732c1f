"""Which of the paper's rows stand beside one of ours: those of the same setting and radius."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from .paper import (
    DIRECT,
    FOREIGN,
    INDIRECT,
    INDIRECT_PROXIES,
    MATCHING,
    PAPER_TABLE_1,
    PAPER_TABLE_2,
    PAPER_TABLE_3,
    PAPER_TABLE_4,
    TEN,
    PaperRow,
)

TABLES: Final[dict[str, tuple[int, Sequence[PaperRow]]]] = {
    "ace-softmax": (1, PAPER_TABLE_1),
    "ace-ensemble": (2, PAPER_TABLE_2),
    "ace-mc-dropout": (3, PAPER_TABLE_3),
    "ace-selectivenet": (4, PAPER_TABLE_4),
}
"""Which table of the paper each of ours is."""

SETTINGS: Final[dict[str, list[tuple[str, str]]]] = {
    "ace-softmax": [(r"black box.*", TEN)],
    "ace-ensemble": [(r"black box, matching proxies", MATCHING), (r"black box, foreign proxies", FOREIGN)],
    "ace-mc-dropout": [(r"black box", INDIRECT_PROXIES)],
    "ace-selectivenet": [(r"direct", DIRECT), (r"indirect", INDIRECT)],
}
"""What the paper calls our settings."""


def papers_rows(experiment: str, victim: str, setting: str, radius: float | None) -> list[dict[str, Any]]:
    """The paper's rows of the same setting and radius, as plain values; none where its table has no such.

    Of all its victims; of those with as many passes, or of the one with the same name, where there is such.

    Args:
        experiment: the name of our table.
        victim: of our row.
        setting: of our row.
        radius: of our row; None for the clean one.
    """
    called = {theirs for ours, theirs in SETTINGS[experiment] if re.fullmatch(ours, setting)}
    epsilon = 0.0 if radius is None else radius
    found = [
        row
        for row in TABLES[experiment][1]
        if row.setting in called and math.isclose(row.epsilon, epsilon, rel_tol=1e-9)
    ]
    passes = [row for row in found if row.victim.endswith(" passes") and _passes(row.victim) == _passes(victim)]
    found = passes or found
    namesakes = [row for row in found if _name(row.victim) in _name(victim)]
    return [row._asdict() for row in namesakes or found]


def _passes(victim: str) -> str:
    return victim.rpartition(", ")[2]


def _name(victim: str) -> str:
    """A network's name without case, underscores and passes: MobileNetV2 is mobilenet_v2."""
    return re.sub(r"[^a-z0-9]", "", victim.partition(",")[0].rpartition(" on ")[2].lower())
