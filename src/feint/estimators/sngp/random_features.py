"""Random Fourier features: a finite stand-in for the features of a Gaussian kernel."""

import math
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn


@final
class RandomFourierFeatures(nn.Module):
    """phi(x) = sqrt(2 / M) cos(W x / l + b), so that phi(x) . phi(y) is about exp(-|x - y|^2 / (2 l^2)).

    W's rows have the lengths of rows of independent normal numbers, and within each block of D of them they are
    orthogonal: that takes some of the approximation's variance away. W, b and l are buffers; they are not trained.

    Args:
        width: D, of x.
        count: M, how many features.
        length_scale: l > 0.

    Reference: Rahimi & Recht 2007, "Random Features for Large-Scale Kernel Machines", algorithm 1; Yu et al. 2016,
    "Orthogonal Random Features", section 3.
    """

    weight: Tensor
    phase: Tensor
    length_scale: Tensor

    def __init__(self, width: int, count: int, length_scale: float) -> None:
        super().__init__()
        self.register_buffer("weight", _orthogonal(count, width))
        self.register_buffer("phase", torch.rand(count) * 2 * math.pi)
        self.register_buffer("length_scale", torch.tensor(float(length_scale)))

    def forward(self, inputs: Float[Tensor, " N D"]) -> Float[Tensor, " N M"]:
        """The features of each row."""
        angles = nn.functional.linear(inputs / self.length_scale, self.weight, self.phase)
        return math.sqrt(2 / len(self.phase)) * angles.cos()


def _orthogonal(rows: int, width: int) -> Float[Tensor, " rows width"]:
    blocks: list[Tensor] = []
    for _ in range(math.ceil(rows / width)):
        normal = torch.randn(width, width, dtype=torch.float64)
        basis, triangle = cast(tuple[Tensor, Tensor], torch.linalg.qr(normal))  # pyright: ignore[reportUnknownMemberType]
        blocks.append(basis * triangle.diagonal().sign())  # without the signs it would not be uniformly distributed
    lengths = torch.randn(rows, width, dtype=torch.float64).square().sum(dim=1, keepdim=True).sqrt()
    return (torch.cat(blocks)[:rows] * lengths).float()
