"""What can be asked about softmax variance and mutual information."""

from typing import Annotated, final

from pydantic import Field

from feint.runs.settings import RunSettings
from feint.victims.settings import DataSettings, SeveralData, Victims


@final
class SpreadSettings(RunSettings):
    """Which predictions are compared.

    Attributes:
        victims: with more than one draw each.
        data: the images.
        foreign: more images, of any classes; what is not said of them is as of the first ones.
        resamples: of the intervals.
    """

    victims: Annotated[Victims, Field(min_length=1)]
    data: DataSettings = DataSettings()
    foreign: SeveralData = ()
    resamples: Annotated[int, Field(gt=0)] = 200

    @property
    def filled(self) -> tuple[DataSettings, ...]:
        """The foreign images, cut and counted like the first ones where they are not told otherwise."""
        return tuple(each.like(self.data) for each in self.foreign)
