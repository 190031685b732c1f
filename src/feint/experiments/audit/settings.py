"""What can be asked of an audit."""

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import Radii
from feint.threats.settings import Arithmetic, Knowledge, ThreatSettings, ThreatWord
from feint.victims.settings import DataSettings, MeasureName, VictimSettings


@final
class AuditSettings(ThreatSettings):
    """What an attack on confidence that keeps labels does to a classifier.

    Attributes:
        data: the images.
        victim: the classifier.
        attack: what attacks its confidence: ace (one step), iterative-ace, or any attack that can keep a label.
        arithmetic: of ace: exact gradients, or as-released: those of its authors' code, whose softmax is in float32
            (default: as the attack says, else exact).
        knowledge: what the attacker knows, and must keep.
        radii: in the attack's own distance, L-infinity in units of [0, 1] for most.
        measure: the uncertainty that ranks the inputs, and is attacked unless the attack names another (default: the
            usual one of the victim's kind).
        baseline: random signs of the same radius beside: what of the damage is the noise's.
        repeats: fresh draws that judge a stochastic victim (default: 3).
    """

    data: DataSettings = DataSettings()
    victim: VictimSettings = VictimSettings()
    attack: ThreatWord = ThreatWord(name="ace")
    arithmetic: Arithmetic | None = None
    knowledge: Knowledge = Knowledge()
    radii: Radii = (0.01, 0.03, 0.1)
    measure: MeasureName | None = None
    baseline: Literal["random-signs", "none"] = "random-signs"
    repeats: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _once(self) -> "AuditSettings":
        if self.arithmetic == "exact" and self.attack.arithmetic != "exact":
            raise SpecError(f"arithmetic: expected that of the attack, {self.attack.arithmetic}, got exact")
        return self
