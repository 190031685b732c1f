"""What can be asked about softmax variance and mutual information."""

from typing import Annotated, Any, cast, final

from pydantic import BeforeValidator, Field

from feint.runs.settings import RunSettings
from feint.victims.settings import DataSettings, Victims

_COUNTED = {"limit", "first"}


def _several(value: Any) -> Any:
    return cast(Any, value) if isinstance(value, list | tuple) else [value]


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
    foreign: Annotated[tuple[DataSettings, ...], BeforeValidator(_several)] = ()
    resamples: Annotated[int, Field(gt=0)] = 200

    @property
    def filled(self) -> tuple[DataSettings, ...]:
        """The foreign images, cut and counted like the first ones where they are not told otherwise."""
        said = {name: getattr(self.data, name) for name in self.data.model_fields_set if name != "source"}
        return tuple(
            each.but(**{name: value for name, value in said.items() if name not in _told(each)})
            for each in self.foreign
        )


def _told(settings: DataSettings) -> set[str]:
    """What was said of images; how many, in either way, is one thing."""
    told = set(settings.model_fields_set)
    return told | _COUNTED if told & _COUNTED else told
