"""What latent and interpolate are told about who looks at which images."""

from typing import Annotated

from pydantic import Field

from feint.runs.settings import RunSettings
from feint.victims.settings import AutoencoderSettings, DataSettings, Victims


class SceneSettings(RunSettings):
    """Who looks at which images.

    Attributes:
        autoencoder: what encodes and decodes: the name of one that feint train --network vae made.
        victims: whose measures are taken.
        data: the images.
    """

    autoencoder: AutoencoderSettings
    victims: Annotated[Victims, Field(min_length=1)]
    data: DataSettings = DataSettings()
