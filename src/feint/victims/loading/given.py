"""Victims that were handed in as objects: modules, estimators, or any callable."""

import copy
from collections.abc import Callable
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import NetworkError
from feint.estimators import DeepEnsemble, MCDropout
from feint.protocols import Estimator


@final
class Called(nn.Module):
    """Any callable as a network: gradients do not pass through it, so that only query attacks can attack it.

    Args:
        function: from images ``(N, channels, height, width)`` in [0, 1] to logits or probabilities ``(N, C)``, as
            tensors or arrays.
    """

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self._function = [function]  # in a list, for a bound method of a module is none of ours

    def forward(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N C"]:
        """Ask it."""
        with torch.no_grad():
            found = torch.as_tensor(self._function[0](images.detach()))
        if found.ndim != 2 or len(found) != len(images):
            raise NetworkError(f"a victim returns (N, C): for {len(images)} images came {tuple(found.shape)}")
        found = found.to(images)
        if bool((found >= 0).all()) and bool(((found.sum(dim=1) - 1).abs() < 1e-4).all()):
            return found.clamp_min(torch.finfo(found.dtype).tiny).log()  # probabilities
        return found


def is_estimator(victim: Any) -> bool:
    """Whether an object is an estimator rather than a network: whether it says that it returns a Categorical."""
    forward: Any = getattr(victim, "forward", victim)
    told = getattr(forward, "__annotations__", {}).get("return")
    return getattr(told, "__name__", told) == "Categorical"


def is_stochastic(estimator: Any) -> bool:
    """Whether other draws give another prediction: whether a part of it says so."""
    modules = estimator.modules() if isinstance(estimator, nn.Module) else ()
    return any(getattr(module, "stochastic", False) is True for module in modules)


def redrawn(estimator: Any, redraw: int) -> Estimator:
    """The same estimator with fresh draws: every stochastic part of it with another seed."""
    if not redraw or not is_stochastic(estimator):
        return estimator
    if isinstance(estimator, MCDropout):
        masks: Any = estimator.masks
        return MCDropout(estimator.network, estimator.draws, estimator.seed + redraw, masks)
    if isinstance(estimator, DeepEnsemble):
        members: list[Any] = [redrawn(member, redraw) for member in estimator.members]
        average: Any = estimator.average
        return DeepEnsemble(members, average)
    found = copy.deepcopy(estimator)
    for module in found.modules():
        if is_stochastic(module) and hasattr(module, "seed"):
            module.seed += redraw
    return found
