"""What is done to images before they are handed out."""

from dataclasses import dataclass
from typing import final

import numpy as np

from feint.data.decode import Channels, channels_by_name, checked_range, cropped, recoloured, resized
from feint.data.kinds import Images, Mask
from feint.data.source import Pixels, Source
from feint.errors import DataError


@final
@dataclass(frozen=True)
class Preparation:
    """Channels first, then the size.

    Attributes:
        resize: pixels of the short side, or None to leave the images as they are.
        crop: pixels of the side of the centre square, or None.
        channels: "grey" or "rgb" for one channel or three, or None.
    """

    resize: int | None = None
    crop: int | None = None
    channels: Channels | None = None

    def check(self, name: str, source: Source) -> None:
        """Raise a DataError if it makes no sense, or none with this source."""
        for option, value in (("resize", self.resize), ("crop", self.crop)):
            if value is not None and value < 1:
                raise DataError(f"{option}: expected at least 1 pixel, got {value}")
        for option, value in (("resize", self.resize), ("crop", self.crop), ("channels", self.channels)):
            if value is not None and (source.inputs is not Images or isinstance(source.targets, Mask)):
                raise DataError(f"{option}: expected images with labels, got other data from {name}")
        if self.resize is not None and self.crop is not None and self.crop > self.resize:
            raise DataError(f"expected crop to be at most resize, got crop={self.crop}, resize={self.resize}")

    def __call__(self, pixels: Pixels) -> Pixels:
        """An image, prepared.

        Raises:
            BrokenImage: if it holds NaN or infinity.
            DataError: if its values lie outside [0, 1], or its size does not do.
        """
        if pixels.dtype != np.uint8:
            pixels = checked_range(pixels)
        if channels := channels_by_name(self.channels):
            pixels = recoloured(pixels, channels)
        if self.resize is not None:
            pixels = resized(pixels, self.resize)
        return pixels if self.crop is None else cropped(pixels, self.crop)

    def __str__(self) -> str:
        """What a fingerprint says of it; channels only where they were asked for."""
        text = f"resize={self.resize} crop={self.crop}"
        return text if self.channels is None else f"{text} channels={self.channels}"
