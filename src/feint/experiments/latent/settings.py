"""What can be asked about a latent plane."""

from typing import Annotated, final

from pydantic import Field

from feint.experiments.scene_settings import SceneSettings
from feint.runs.settings import Number


@final
class LatentSettings(SceneSettings):
    """Maps of the latent plane: of an autoencoder with two latent dimensions, by images that say what is usual.

    Attributes:
        side: points on each side of the grid.
        extent: the plane reaches this far from 0 in all four directions (default: 1.5 times as far as the images).
        far: a point is far from all data if it is further from the nearest encoded image than this share of the encoded
            images are from the nearest other.
        flagged: a point is confident by a measure whose value is not among this largest share of the images' values.
        shown: how many pieces of rubbish are shown for each victim.
    """

    side: Annotated[int, Field(gt=1, le=1000)] = 80
    extent: Annotated[Number, Field(gt=0)] | None = None
    far: Annotated[Number, Field(ge=0, le=1)] = 0.999
    flagged: Annotated[Number, Field(gt=0, lt=1)] = 0.05
    shown: Annotated[int, Field(ge=0)] = 8
