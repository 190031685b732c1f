"""Estimators around networks: those that only ask one, are fitted to one, or are trained and saved as a whole."""

from typing import Any

from torch import nn

from feint import catalog, networks
from feint.protocols import Estimator
from feint.runs import things

from .settings import EstimatorWord

SURROUNDINGS = ("network", "features", "classes", "shape", "seed")
"""What an estimator is made of beside its settings."""


def is_whole(word: EstimatorWord) -> bool:
    """Whether what is trained is the estimator itself, with heads, centroids or a precision of its own."""
    return hasattr(things.loaded(catalog.ESTIMATORS[word.name]), "begin")


def is_fitted(word: EstimatorWord) -> bool:
    """Whether the estimator is fitted to images around a network that stays as it is."""
    return hasattr(things.loaded(catalog.ESTIMATORS[word.name]), "fit")


def predicting(word: EstimatorWord, network: nn.Module, *, seed: int) -> Estimator:
    """The estimator that asks a network.

    Args:
        word: its name and settings.
        network: a classifier.
        seed: of its draws, if it makes any.
    """
    thing = things.loaded(catalog.ESTIMATORS[word.name])
    given = {"network": network, "seed": seed}
    return things.made(thing, word.settings, what=word.name, given=_wanted(thing, given))


def whole(word: EstimatorWord, network: nn.Module, classes: int, shape: tuple[int, ...]) -> nn.Module:
    """An untrained estimator around a network, trained and saved with it.

    Args:
        word: its name and settings.
        network: a classifier; estimators with a head of their own take its features.
        classes: C.
        shape: of an input.

    Raises:
        SpecError: settings that it does not have.
        NetworkError: the network has no features.
    """
    thing = things.loaded(catalog.ESTIMATORS[word.name])
    given: dict[str, Any] = {"network": network, "classes": classes, "shape": shape}
    if any(each.name == "features" for each in things.settings_of(thing)):
        given["features"] = networks.Headless(network)
    return things.made(thing, word.settings, what=word.name, given=_wanted(thing, given))


def _wanted(thing: Any, given: dict[str, Any]) -> dict[str, Any]:
    names = {each.name for each in things.settings_of(thing)}
    return {name: value for name, value in given.items() if name in names}
