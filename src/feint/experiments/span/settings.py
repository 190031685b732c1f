"""What can be asked about spans."""

from typing import Annotated, final

from pydantic import AfterValidator, Field

from feint.runs.settings import Number, Radii
from feint.threats.settings import ThreatSettings, ThreatWord
from feint.victims.settings import DataSettings, VictimSettings


def _ascending(radii: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(radii))


@final
class SpanSettings(ThreatSettings):
    """Whose confidence is moved, how far and how.

    Attributes:
        data: the images.
        victim: the classifier.
        attack: what moves the confidence to either end, its label kept.
        radii: in the attack's own distance, L-infinity in units of [0, 1] for most; what a smaller one reaches counts
            for the larger ones.
        threshold: answered is what has at least this confidence, 0 to 1 (default: what answers 90 % of the clean
            images).
    """

    data: DataSettings = DataSettings()
    victim: VictimSettings = VictimSettings()
    attack: ThreatWord = ThreatWord(name="iterative-ace", settings={"steps": 10})
    radii: Annotated[Radii, AfterValidator(_ascending)] = (0.01, 0.03, 0.1)
    threshold: Annotated[Number, Field(ge=0, le=1)] | None = None
