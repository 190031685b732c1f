"""What can be asked about softmax variance and mutual information."""

from typing import Annotated, Any, final

from pydantic import BeforeValidator, Field, model_validator

from feint.runs.settings import RunSettings
from feint.victims.settings import DataSettings, Victims


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


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

    @model_validator(mode="before")
    @classmethod
    def _as_the_first(cls, value: Any) -> Any:
        """Foreign images are cut and counted like the first ones, unless they are told otherwise."""
        if not isinstance(value, dict) or not value.get("foreign"):
            return value
        values: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        first = DataSettings.model_validate(values.get("data", {}))
        said = {name: getattr(first, name) for name in first.model_fields_set if name != "source"}
        foreign = [DataSettings.model_validate(each) for each in _several(values["foreign"])]
        values["foreign"] = [
            each.but(**{name: value for name, value in said.items() if name not in _told(each)}) for each in foreign
        ]
        return values


def _told(settings: DataSettings) -> set[str]:
    """What was said of these images; how many, in either way, is one thing."""
    told = set(settings.model_fields_set)
    return told | {"limit", "first"} if told & {"limit", "first"} else told
