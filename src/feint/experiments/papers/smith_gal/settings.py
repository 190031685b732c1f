"""What table 1 of Smith & Gal can be made of."""

from typing import Annotated, final

from pydantic import Field, model_validator

from feint.errors import SpecError
from feint.runs.settings import RunSettings
from feint.victims.settings import DataSettings, NetworkWord


@final
class SmithGalSettings(RunSettings):
    """What to run the experiment on.

    Attributes:
        data: labelled pictures of two or more classes, in colour, with a train and a test split.
        features: file.py:function, which returns a module from images in [0, 1] to features (N, F).
        images: attack so many test images, evenly spaced (default: all).
        passes: of MC dropout.
        resamples: of the bootstrap.
    """

    data: DataSettings
    features: NetworkWord
    images: Annotated[int, Field(gt=0)] | None = None
    passes: Annotated[int, Field(gt=1)] = 20
    resamples: Annotated[int, Field(ge=0)] = 200

    @model_validator(mode="after")
    def _both_splits(self) -> "SmithGalSettings":
        plain = DataSettings()
        for name in ("split", "limit", "first", "on_error"):
            if (given := getattr(self.data, name)) != getattr(plain, name):
                expected = "none, for both splits are taken whole (--images says how many are attacked)"
                raise SpecError(f"{name.replace('_', '-')}: expected {expected}, got {given}")
        return self
