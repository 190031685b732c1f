"""Pairs of images of different classes, and the blends of both ends."""

from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.errors import SpecError
from feint.experiments.scene import Scene

KINDS: Final = {
    "latent": "latent blend",
    "pixel": "pixel blend",
    "reconstruction": "pixel blend of the reconstructions",
}
"""Ways to blend two images."""


@final
@dataclass(frozen=True, eq=False)
class Pairs:
    """Both ends of every way.

    Attributes:
        first: images, shape ``(N, channels, height, width)``.
        second: images of other classes, likewise.
    """

    first: Float[Tensor, " N channels height width"]
    second: Float[Tensor, " N channels height width"]

    def blend(self, scene: Scene, kind: str, share: float) -> Float[Tensor, " N channels height width"]:
        """The images this share of the way from the first to the second.

        Args:
            scene: who encodes and decodes.
            kind: "latent", "pixel", or "reconstruction" for pixels of what the autoencoder makes of both ends.
            share: in [0, 1].
        """
        if kind == "pixel":
            return torch.lerp(self.first, self.second, share)
        codes = scene.encode(self.first), scene.encode(self.second)
        if kind == "reconstruction":
            return torch.lerp(scene.decode(codes[0]), scene.decode(codes[1]), share)
        return scene.decode(torch.lerp(*codes, share))

    def some(self, count: int) -> "Pairs":
        """The first so many."""
        return Pairs(self.first[:count], self.second[:count])


def draw_pairs(labels: Int[Tensor, " N"], count: int, *, seed: int) -> tuple[Int[Tensor, " P"], Int[Tensor, " P"]]:
    """Positions of pairs of different classes, each drawn with replacement: the first freely, the second from the rest.

    Raises:
        SpecError: all images are of one class.
    """
    if bool((labels == labels[0]).all()):
        raise SpecError(f"data: expected images of at least two classes, got {len(labels)} of one")
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(len(labels), (2, count), generator=generator)
    while bool((same := labels[first] == labels[second]).any()):
        second[same] = torch.randint(len(labels), (int(same.sum()),), generator=generator)
    return first, second
