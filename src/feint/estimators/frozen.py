"""The one way in which estimators call a network: in eval mode, its weights out of the gradient, its output checked."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError, NotFinite


@contextmanager
def frozen(network: nn.Module) -> Generator[None]:
    """Eval mode and no gradients for the weights, inside; modes and requires_grad as they were found, after.

    Modes are set module by module rather than by ``eval()``: that finds them again exactly, also in networks whose
    parts are in different modes or which override ``train()``.
    """
    training: list[nn.Module] = []
    learning: list[nn.Parameter] = []
    for module in network.modules():  # once: small networks notice, for every call comes through here
        if module.training:
            training.append(module)
        own = module._parameters.values()  # pyright: ignore[reportPrivateUsage]
        learning += [parameter for parameter in own if parameter is not None and parameter.requires_grad]
    try:
        for module in training:
            module.training = False
        for parameter in learning:
            parameter.requires_grad_(False)
        yield
    finally:
        for module in training:
            module.training = True
        for parameter in learning:
            parameter.requires_grad_(True)


def checked_logits(logits: object, count: int) -> Float[Tensor, " N C"]:
    """The network's output for so many inputs, if it is finite logits ``(N, C)``.

    Raises:
        NetworkError: otherwise, with what came; a NotFinite where that is NaN or infinity.
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        came = f"{logits.dtype} tensor" if isinstance(logits, Tensor) else type(logits).__name__
        raise NetworkError(f"a network returns logits as a float tensor of shape (N, C), this one a {came}")
    if logits.ndim != 2 or len(logits) != count or logits.shape[1] < 2:
        raise NetworkError(
            f"a network returns logits of shape (N, C) with C >= 2: for {count} inputs came {tuple(logits.shape)}"
        )
    if not torch.isfinite(logits).all():
        bad = int((~torch.isfinite(logits)).any(dim=1).sum())
        raise NotFinite(f"a network returns finite logits: {bad} of {count} inputs gave NaN or infinity")
    return logits
