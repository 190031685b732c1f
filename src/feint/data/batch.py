"""What data is handed out as."""

from typing import NamedTuple

from jaxtyping import Float32, Int64
from torch import Tensor


class Batch(NamedTuple):
    """Some images with their labels.

    Attributes:
        images: float32 in [0, 1], shape ``(N, channels, height, width)``.
        labels: class indices, shape ``(N,)``.
        samples: the images' indices in the whole source, the key of all randomness, shape ``(N,)``.
    """

    images: Float32[Tensor, " N channels height width"]
    labels: Int64[Tensor, " N"]
    samples: Int64[Tensor, " N"]
