"""What can be asked of a detection run."""

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import Radii
from feint.threats.settings import ThreatSettings, ThreatWord, ThreatWords
from feint.victims.settings import DataSettings, Victims, VictimSettings

Protocol = Literal["corrected", "as-released"]
ATTACKS = (
    ThreatWord(name="fgsm"),
    ThreatWord(name="bim"),
    ThreatWord(name="mim"),
    # Room to go back: first out of the label, then down with the measure.
    ThreatWord(name="bim", evade="auto", called="adaptive", settings={"reach": 2.5}),
    ThreatWord(name="ace"),
)


@final
class DetectSettings(ThreatSettings):
    """Which attackers each victim faces, and who judges.

    Attributes:
        data: the images.
        victims: the classifiers, each attacked for itself.
        compare: of one victim of dropout networks: deterministic, MC dropout of the same weights, an ensemble of all
            its networks, and an ensemble of MC dropout (20 draws, unless the estimator says others).
        attacks: who attacks: any attack of the catalog, on labels or on confidence; with evade one that knows the
            detector.
        radii: of attacks that have none of their own.
        protocol: corrected, or as-released: with the noise images, which are flat grey, the bounds and the measures of
            Smith & Gal's released experiment.
        repeats: fresh draws that judge a stochastic victim; scores are of the first (default: 1).
        resamples: of the bootstrap.
    """

    flags: ClassVar = {"attacks": "attack"}

    data: DataSettings = DataSettings()
    victims: Annotated[Victims, Field(min_length=1)] = (VictimSettings(),)
    compare: bool = False
    attacks: ThreatWords = ATTACKS
    radii: Radii = (0.1,)
    protocol: Protocol = "corrected"
    repeats: Annotated[int, Field(ge=0)] | None = None
    resamples: Annotated[int, Field(ge=0)] = 200

    @model_validator(mode="after")
    def _one_compared(self) -> "DetectSettings":
        if self.compare and len(self.victims) != 1:
            raise SpecError(f"compare: expected one victim, got {len(self.victims)}")
        return self
