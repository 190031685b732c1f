"""An image behind a mark of a chart."""

from dataclasses import dataclass
from typing import Final, final

from feint.experiments.out_domain.records import DOMAIN

AROUND: Final = 8
"""Images around a place of a curve or a plane."""


@final
@dataclass(frozen=True)
class Row:
    """One image behind a mark.

    Attributes:
        sample: its index in its data set; of a run on blends the position of a pair.
        told: what the records say of it.
        data: 0 for the run's own data, 1 and up for foreign ones.
        moved: whether the records speak of it after an attack.
    """

    sample: int
    told: str
    data: int = DOMAIN
    moved: bool = False
