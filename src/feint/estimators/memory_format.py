"""The order in memory in which a network gets its images: channels last on the CPU, where it can take it."""

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from feint.errors import NetworkError, foreign

TOLERANCE = 1e-4
"""How far log-probabilities may lie apart in the two formats."""

LARGEST = 2**21
"""Weights of a convolution with which channels_last still pays. The kernel is brought into order for it at every call:
with 512 x 512 x 3 x 3 on small images (VGG-16 for CIFAR, batches of 20) that cost more than was gained."""


@final
class MemoryFormat:
    """Hands images to convolutional networks on the CPU in ``torch.channels_last``, in which convolutions are faster.

    Whether a network can take that, on images of a shape, is tried once, on two images that are always the same: what
    an input gives must not depend on which batch came first. A network that raises there, or gives something else,
    gets its inputs as they come from then on. So do networks without convolutions (weights of four dimensions) or with
    very large ones, and inputs that are no images or not on the CPU. Copies and pickles leave behind what was tried.
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[torch.Size, torch.dtype], bool] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Nothing that has been tried."""
        return {"_taken": {}}

    def suited(self, network: nn.Module, inputs: Tensor, call: Callable[[Tensor], Tensor]) -> Tensor:
        """The inputs as they come, or a copy of them in channels_last, with a gradient that comes back contiguous.

        Args:
            network: what will be called, frozen.
            inputs: with what.
            call: how: from inputs to logits, classes last.
        """
        if inputs.ndim != 4 or not len(inputs) or inputs.device.type != "cpu" or not inputs.is_floating_point():
            return inputs
        kind = inputs.shape[1:], inputs.dtype
        if kind not in self._taken:
            largest = max((weight.numel() for weight in network.parameters() if weight.ndim == 4), default=0)
            self._taken[kind] = 0 < largest <= LARGEST and _takes_it(inputs, call)
        return _channels_last(inputs) if self._taken[kind] else inputs


def _channels_last(images: Tensor) -> Tensor:
    if images.requires_grad:
        images = images.view_as(images)  # for a hook of its own, and because a caller may want to `view` the gradient
        images.register_hook(torch.Tensor.contiguous)  # pyright: ignore[reportUnknownMemberType]
    # Not `contiguous`, which leaves images of one channel as they are, for they are in both formats: convolutions then
    # choose the other one.
    return images.clone(memory_format=torch.channels_last)


def _takes_it(inputs: Tensor, call: Callable[[Tensor], Tensor]) -> bool:
    """Whether two images give the same in both formats, and a gradient where there is one."""
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode(False), torch.enable_grad():
        images = torch.rand(2, *inputs.shape[1:], generator=generator).to(inputs.dtype)
        try:
            with foreign():
                before = call(images)
                point = images.clone().requires_grad_()
                after = call(_channels_last(point))
                if after.requires_grad:
                    torch.autograd.grad(after.sum(), point)
            return torch.allclose(after.log_softmax(-1), before.log_softmax(-1), rtol=0, atol=TOLERANCE)
        except NetworkError:  # anything at all that a network may raise on images in another order, or on two of them
            return False
