"""What data is handed out as."""

from typing import NamedTuple

from jaxtyping import Float32, Int64
from torch import Tensor


class Batch(NamedTuple):
    """Some inputs with their targets.

    Attributes:
        inputs: float32: images in [0, 1], shape ``(N, channels, height, width)``, or standardised columns, ``(N, D)``.
        targets: indices of classes, int64 of shape ``(N,)`` or, of masks, ``(N, height, width)``; or values, float32
            of shape ``(N, D)``.
        samples: the inputs' indices in the whole source, the key of all randomness, shape ``(N,)``.
    """

    inputs: Float32[Tensor, " N *shape"]
    targets: Int64[Tensor, " N"] | Int64[Tensor, " N height width"] | Float32[Tensor, " N D"]
    samples: Int64[Tensor, " N"]
