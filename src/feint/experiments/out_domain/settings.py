"""What can be asked about foreign inputs."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, final

from pydantic import BeforeValidator, Field

from feint.errors import SpecError
from feint.runs.settings import Radii, listed
from feint.threats.settings import ThreatSettings, ThreatWord, ThreatWords
from feint.victims.settings import DataSettings, MeasureName, SeveralData, Victims, VictimSettings

START = 0.001
ATTACK = ThreatWord(name="pgd", settings={"steps": 10, "reach": 1.0, "start": START})
"""Ten steps of a tenth of the radius, from within 0.001; the best iterate is kept."""


def _ranges(value: Any) -> Any:
    """Labels, and ranges of them such as 7-24."""
    found: list[Any] = []
    for part in listed(value) or ():
        first, dash, last = str(part).strip().partition("-")
        if not (first.isdigit() and (last.isdigit() if dash else True)):
            raise SpecError(f"expected labels and ranges of them, such as 3,7-24, got {part!r}")
        found += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(found))


Labels = Annotated[tuple[int, ...], BeforeValidator(_ranges)]
"""Labels, also as ranges: 3,7-24."""


@final
class OodSettings(ThreatSettings):
    """Who is to tell foreign inputs from its own, and who attacks.

    Attributes:
        data: the in-domain images.
        foreign: images of another domain, of any classes; what is not said of them is as of the first ones.
        without: labels of the foreign images that are left out, as the domains share them: 3,7-24.
        victims: the classifiers, each attacked for itself.
        attacks: who attacks, any attack of the catalog; with goal=accept foreign images alone, with goal=reject
            in-domain images alone, else both.
        radii: of attacks that have none of their own.
        measure: the uncertainty that flags, and is attacked unless the attack names another (default: the usual one of
            the victim's kind flags, and the victim's own loss is attacked).
        across: all victims judge what was found for each of them.
    """

    flags: ClassVar[Mapping[str, str]] = {"attacks": "attack"}

    data: DataSettings = DataSettings()
    foreign: Annotated[SeveralData, Field(min_length=1)]
    without: Labels = ()
    victims: Annotated[Victims, Field(min_length=1)] = (VictimSettings(),)
    attacks: ThreatWords = (ATTACK,)
    radii: Radii = (0.1, 0.2, 0.3)
    measure: MeasureName | None = None
    across: bool = False

    @property
    def filled(self) -> tuple[DataSettings, ...]:
        """The foreign images, cut and counted like the first ones where they are not told otherwise."""
        return tuple(each.like(self.data) for each in self.foreign)
