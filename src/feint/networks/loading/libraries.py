"""The networks of torchvision and timm, built without downloading, for images in [0, 1]."""

import importlib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from torch import Tensor, nn

from feint.errors import NetworkError
from feint.networks.normalize import Normalize

from .weights import first_line, strip

IMAGENET: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# With their published weights these two convert inputs from ImageNet's mean and std to their own; and they warn unless
# they are told whether to initialise slowly.
TORCHVISION: Final[Mapping[str, Mapping[str, bool]]] = {
    "googlenet": {"transform_input": True, "init_weights": False},
    "inception_v3": {"transform_input": True, "init_weights": False},
}


def load_from_torchvision(name: str, weights: Mapping[str, Tensor] | None) -> tuple[nn.Module, Normalize]:
    """Build a classifier of torchvision, and the layer that goes before it; see ``load``."""
    models: Any = _library("torchvision.models", "torchvision")
    names: list[str] = models.list_models(module=models)
    if name not in names:
        raise NetworkError(_unknown("torchvision", name, names))

    def build(**classes: int) -> nn.Module:
        return models.get_model(name, weights=None, **TORCHVISION.get(name, {}), **classes)

    mean, std = IMAGENET
    published = list(models.get_model_weights(name))
    if published:
        transforms = published[-1].transforms()
        mean, std = getattr(transforms, "mean", mean), getattr(transforms, "std", std)
    return _built(build, "num_classes", weights, f"torchvision:{name}"), Normalize(list(mean), list(std))


def load_from_timm(name: str, weights: Mapping[str, Tensor] | None) -> tuple[nn.Module, Normalize]:
    """Build a classifier of timm, and the layer that goes before it; see ``load``."""
    timm: Any = _library("timm", "timm")
    if not timm.is_model(name.partition(".")[0]):
        raise NetworkError(_unknown("timm", name, timm.list_models()))

    def build(**classes: int) -> nn.Module:
        return timm.create_model(name, pretrained=False, **classes)

    network = _built(build, "num_classes", weights, f"timm:{name}")
    settings: Any = getattr(network, "pretrained_cfg", None) or {}
    mean, std = settings.get("mean") or IMAGENET[0], settings.get("std") or IMAGENET[1]
    return network, Normalize(list(mean), list(std))


def build_for(build: Callable[..., nn.Module], argument: str, weights: Mapping[str, Tensor] | None) -> nn.Module:
    """Build a network for as many classes as the last layer of the weights has."""
    network = build()
    if weights is None:
        return network
    expected = {name: value for name, value in network.state_dict().items() if isinstance(value, Tensor)}
    last = next((name for name in reversed(expected) if expected[name].ndim > 1), "")
    found = strip(weights, expected).get(last)
    if found is None or found.ndim != expected[last].ndim or found.shape[0] in (0, expected[last].shape[0]):
        return network
    return build(**{argument: found.shape[0]}) if found.shape[1:] == expected[last].shape[1:] else network


def _built(
    build: Callable[..., nn.Module], argument: str, weights: Mapping[str, Tensor] | None, name: str
) -> nn.Module:
    try:
        return build_for(build, argument, weights)
    except Exception as error:
        raise NetworkError(f"{name} cannot be built: {type(error).__name__}: {first_line(error)}") from error


def _library(module: str, name: str) -> Any:
    """A library, imported only when one of its networks is wanted."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NetworkError(f"{name} cannot be imported: {first_line(error)}") from error


def _unknown(library: str, name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=5)
    return f"{library} has no classifier {name!r}" + (f"; near it are {', '.join(near)}" if near else "")
