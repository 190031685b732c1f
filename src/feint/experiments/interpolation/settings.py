"""What can be asked about blends of two images."""

from typing import Annotated, final

from pydantic import Field

from feint.experiments.scene_settings import SceneSettings


@final
class InterpolationSettings(SceneSettings):
    """Blends of pairs of images of different classes.

    Attributes:
        pairs: how many are blended half-way.
        paths: at most so many of them are followed along the way.
        steps: images along the way, both ends among them.
        resamples: of the intervals.
    """

    pairs: Annotated[int, Field(gt=1)] = 3000
    paths: Annotated[int, Field(gt=0)] = 50
    steps: Annotated[int, Field(gt=2)] = 11
    resamples: Annotated[int, Field(gt=0)] = 500
