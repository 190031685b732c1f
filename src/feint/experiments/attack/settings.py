"""What can be asked of an attack."""

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import Radii
from feint.threats.settings import ThreatSettings, ThreatWord
from feint.victims.settings import DataSettings, VictimSettings


@final
class AttackSettings(ThreatSettings):
    """Which attack, on whom, on what.

    Attributes:
        attack: any of the catalog, or file.py:name, with its settings: pgd:steps=20,target=3.
        data: the images; or a single picture, whose label is then the victim's own.
        victim: the classifier.
        radii: in the attack's own distance.
        format: of the attacked images.
        repeats: fresh draws that judge a stochastic victim (default: 3).
    """

    positional: ClassVar[tuple[str, ...]] = ("attack",)

    attack: ThreatWord
    data: DataSettings = DataSettings()
    victim: VictimSettings = VictimSettings()
    radii: Radii | None = None
    format: Literal["npz", "safetensors"] = "npz"
    repeats: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> "AttackSettings":
        if self.radii is None and self.attack.radii is None:
            raise SpecError("radii: expected how far the attack may go, such as --radii 8/255, got none")
        return self
