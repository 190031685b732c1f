"""Normalisation as a layer, so that every network takes images in [0, 1]."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError


@final
class Normalize(nn.Module):
    """(images - mean) / std, per channel.

    Mean and std belong to the architecture, not to the weights: they are buffers, so they follow the network to its
    device, but they are not part of its ``state_dict``.

    >>> Normalize([0.5], [0.25])(torch.ones(1, 1, 1, 1)).item()
    2.0
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Set the statistics.

        Args:
            mean: one number per channel, in the images' unit.
            std: one positive number per channel.

        Raises:
            NetworkError: not one mean and one positive std per channel.
        """
        super().__init__()
        if not mean or len(mean) != len(std) or not all(deviation > 0 for deviation in std):
            raise NetworkError(
                f"Normalize expects one mean and one positive std per channel, got {list(mean)} and {list(std)}"
            )
        self.register_buffer("mean", torch.tensor(list(mean), dtype=torch.float32).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(list(std), dtype=torch.float32).view(-1, 1, 1), persistent=False)

    def forward(self, images: Float[Tensor, "*N channels height width"]) -> Float[Tensor, "*N channels height width"]:
        """Normalise.

        Raises:
            NetworkError: the images have another number of channels, which would otherwise be broadcast in silence.
        """
        if images.shape[-3] != len(self.mean):
            raise NetworkError(
                f"Normalize expects images of {len(self.mean)} channels, got images of {images.shape[-3]}"
            )
        return (images - self.mean) / self.std

    def extra_repr(self) -> str:
        """Mean and std, as they are shown when a network is printed."""
        mean, std = ([f"{float(value):.6g}" for value in values.flatten()] for values in (self.mean, self.std))
        return f"mean=({', '.join(mean)}), std=({', '.join(std)})"
