"""How images lie in memory: the same way whatever the data set, since the last bits and the speed depend on it."""

import torch
from jaxtyping import Float
from torch import Tensor


def arranged(inputs: Float[Tensor, " N ..."], channels_last: bool) -> Float[Tensor, " N ..."]:
    """The same images, row by row, or with ``channels_last`` pixel by pixel.

    Strides are set outright: for images of one channel torch takes both layouts for the same, but is quicker with one.
    """
    layout = torch.channels_last if channels_last and inputs.ndim == 4 else torch.contiguous_format
    outputs = torch.empty(inputs.shape, dtype=inputs.dtype, device=inputs.device, memory_format=layout)
    return inputs if inputs.stride() == outputs.stride() else outputs.copy_(inputs)
