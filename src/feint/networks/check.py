"""Whether a network maps images to logits, tried on two grey ones."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from feint.errors import FeintError, NetworkError, foreign, said

from .loading.weights import first_line


def check(network: nn.Module, shape: tuple[int, int, int], device: torch.device | str = "cpu") -> int:
    """Run a network once on two mid-grey images and look at what it returns.

    Args:
        network: a module on ``device``; its modes and ``requires_grad`` are left as they were found.
        shape: an image's channels, height and width.
        device: where the images are put.

    Returns:
        C, the number of classes.

    Raises:
        NetworkError: it does not take such images, or does not return finite logits ``(N, C)``, C >= 2.
    """
    images = torch.full((2, *shape), 0.5, device=device)
    described = "x".join(map(str, shape)) + " (channels x height x width)"

    def told(error: BaseException) -> NetworkError:
        dtype = _weights_dtype(network)
        if dtype not in (None, images.dtype) and "type" in said(error):
            return NetworkError(
                f"the network expects {_short(dtype)} inputs, as its weights are; "
                f"images are {_short(images.dtype)}: call .float() on it"
            )
        reason = first_line(error) if isinstance(error, RuntimeError | FeintError) else said(error)
        return NetworkError(f"the network does not take images of {described}{_expectation(network, shape)}: {reason}")

    with as_found(network), torch.no_grad(), foreign(told):
        network.eval()
        logits: object = network(images)
    if not isinstance(logits, Tensor):
        raise NetworkError(f"the network returned {type(logits).__name__}, expected a tensor of (N, C) logits, C >= 2")
    if not logits.is_floating_point():
        raise NetworkError(f"the network returned {logits.dtype}, expected a float tensor of (N, C) logits, C >= 2")
    if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
        raise NetworkError(
            f"the network returned shape {tuple(logits.shape)} for {len(images)} images of {described}, "
            "expected (N, C) logits, C >= 2"
        )
    if not logits.isfinite().all():
        bad = int((~logits.isfinite()).sum())
        raise NetworkError(
            f"the network returned {bad} of {logits.numel()} logits that are not finite, "
            f"for mid-grey images of {described}"
        )
    return logits.shape[1]


@contextmanager
def as_found(network: nn.Module) -> Generator[None, None, None]:
    """Put every module's mode and every parameter's ``requires_grad`` back, also after an exception."""
    modes = [(module, module.training) for module in network.modules()]
    gradients = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, wanted in gradients:
            parameter.requires_grad = wanted


def _weights_dtype(network: nn.Module) -> torch.dtype | None:
    """The one floating type of all weights; None where there are several or none."""
    dtypes = {parameter.dtype for parameter in network.parameters() if parameter.is_floating_point()}
    return dtypes.pop() if len(dtypes) == 1 else None


def _short(dtype: torch.dtype | None) -> str:
    return str(dtype).removeprefix("torch.")


def _expectation(network: nn.Module, shape: tuple[int, int, int]) -> str:
    """The channels that the first convolution wants, where they are not the images'."""
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None or first.in_channels == shape[0]:
        return ""
    return f" (its first convolution expects {first.in_channels} channels)"
