"""What can be asked of an audit."""

from typing import Annotated, Literal, final

from pydantic import Field

from feint.runs.settings import Radii, RunSettings
from feint.threats.settings import Knowledge, ThreatWord
from feint.victims.settings import DataSettings, MeasureName, VictimSettings


@final
class AuditSettings(RunSettings):
    """What an attack on confidence that keeps labels does to a classifier.

    Attributes:
        data: the images.
        victim: the classifier.
        attack: what attacks its confidence: ace (one step), iterative-ace, or any attack that can keep a label.
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
    knowledge: Knowledge = Knowledge()
    radii: Radii = (0.01, 0.03, 0.1)
    measure: MeasureName | None = None
    baseline: Literal["random-signs", "none"] = "random-signs"
    repeats: Annotated[int, Field(ge=0)] | None = None
