"""What can be asked of a run by class."""

from typing import Annotated, ClassVar, final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import Number, Radii, listed
from feint.threats.settings import ThreatSettings, ThreatWord, ThreatWords
from feint.victims.settings import DataSettings, Victims, VictimSettings


def _rates(rates: tuple[float, ...]) -> tuple[float, ...]:
    if any(not 0 < rate < 1 for rate in rates):
        raise ValueError("numbers between 0 and 1")
    if len(set(rates)) < len(rates):
        raise ValueError("each rate once")
    return rates


Rates = Annotated[tuple[Number, ...], BeforeValidator(listed), AfterValidator(_rates)]


@final
class PerClassSettings(ThreatSettings):
    """Whom to look at, by class.

    Attributes:
        data: the images.
        victims: networks with dropout, or trained with a head of their own (such as duq), each in turn.
        rates: ask one victim's weights with dropout at these rates.
        passes: of MC dropout, or of due.
        attacks: on labels, beside the clean images.
        radii: of attacks in L-infinity that have none of their own; in L2 they go up to 4, in a perceptual distance up
            to 20.
        attack_passes: how many passes the attacks see, the first of all (default: all).
    """

    flags: ClassVar = {"attacks": "attack"}

    data: DataSettings = DataSettings()
    victims: Annotated[Victims, Field(min_length=1)] = (VictimSettings(),)
    rates: Rates = ()
    passes: Annotated[int, Field(gt=1)] = 50
    attacks: ThreatWords = (ThreatWord(name="fgsm"), ThreatWord(name="bim"))
    radii: Radii = (0.1,)
    attack_passes: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _together(self) -> "PerClassSettings":
        if self.attack_passes is not None and self.attack_passes > self.passes:
            raise SpecError(f"attack-passes: expected at most the {self.passes} passes, got {self.attack_passes}")
        if self.rates and len(self.victims) != 1:
            raise SpecError(f"rates: expected one victim, got {len(self.victims)}")
        return self
