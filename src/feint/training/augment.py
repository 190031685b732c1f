"""Random shifts and mirror images, drawn per epoch and image, so that they do not depend on the batches."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional


@final
class CropFlip:
    """Shift each image by up to an eighth of its side, zeros moving in, and mirror it with probability 1/2.

    At 32 x 32 pixels this is the usual crop from a frame of 4.
    """

    def __init__(self, count: int, shape: tuple[int, int, int], generator: Generator) -> None:
        """Draw for a whole epoch.

        Args:
            count: how many images there are.
            shape: their channels, height and width.
            generator: a stream on the CPU.
        """
        _, height, width = shape
        self.frame = (max(1, height // 8), max(1, width // 8))
        self.tops = torch.randint(2 * self.frame[0] + 1, (count,), generator=generator)
        self.lefts = torch.randint(2 * self.frame[1] + 1, (count,), generator=generator)
        self.mirrored = torch.rand(count, generator=generator) < 0.5

    def __call__(
        self, inputs: Float[Tensor, " N channels height width"], positions: Int[Tensor, " N"]
    ) -> Float[Tensor, " N channels height width"]:
        """The augmented images at these positions of the training data."""
        height, width = inputs.shape[2:]
        vertical, horizontal = self.frame
        framed = functional.pad(inputs, (horizontal, horizontal, vertical, vertical))
        across = torch.arange(width).expand(len(inputs), -1)
        across = torch.where(self.mirrored[positions, None], across.flip(1), across) + self.lefts[positions, None]
        down = torch.arange(height) + self.tops[positions, None]
        images = torch.arange(len(inputs), device=inputs.device)[:, None, None]
        # Indices on both sides of the slice put the channels last.
        picked = framed[images, :, down.to(inputs.device)[:, :, None], across.to(inputs.device)[:, None, :]]
        return picked.permute(0, 3, 1, 2)
