"""From words to networks: a user's, a library's, a built-in architecture's, or one that was handed in."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from feint import catalog, networks
from feint.errors import NetworkError, SpecError
from feint.runs import things
from feint.runs.machine import Machine
from feint.victims.settings import NetworkWord, VictimSettings
from feint.victims.whole import whole

MOST_WEIGHTS = 1_000_000_000
"""Of a network of the catalog: more is no size that anybody meant, and would take all memory."""


def load_network(word: NetworkWord, machine: Machine) -> nn.Module:
    """One network, with its weights.

    Raises:
        NetworkError: it cannot be loaded.
        SpecError: a built-in architecture without weights, or arguments that it does not take.
    """
    if word.name in machine.given:
        return machine.given[word.name]
    if word.name not in catalog.ARCHITECTURES:
        if word.settings:
            raise SpecError(f"{word.name}: expected no settings but weights, got {', '.join(word.settings)}")
        return networks.load(word.name, word.weights, allow_code=machine.allow_code)
    if word.settings:  # before anything is said of weights
        things.read(things.loaded(catalog.ARCHITECTURES[word.name]), word.settings, what=word.name, also=word.reserved)
    if word.weights is None:
        raise SpecError(f"{word.name}: expected weights for a built-in architecture, got none (feint train makes some)")
    if not word.settings:
        return networks.load(word.name, word.weights)
    network = new_network(word)
    networks.load_weights(network, word.weights)
    return network.eval()


def new_network(word: NetworkWord, defaults: Mapping[str, Any] | None = None, *, allow_code: bool = False) -> nn.Module:
    """A network as it comes: a built-in architecture with random weights, or a user's with those that it sets.

    Args:
        word: which.
        defaults: settings of a built-in architecture that the word may replace, such as ``classes``.
        allow_code: whether it may be a program of torch.export.

    Raises:
        SpecError: settings that the architecture does not take.
    """
    if word.name not in catalog.ARCHITECTURES:
        if word.settings:
            raise SpecError(f"{word.name}: expected no settings, got {', '.join(word.settings)}")
        return networks.load(word.name, allow_code=allow_code)
    factory = things.loaded(catalog.ARCHITECTURES[word.name])
    return built(factory, {**(defaults or {}), **word.settings}, what=word.name)


def built(factory: Callable[..., nn.Module], settings: Mapping[str, Any], *, what: str) -> Any:
    """A network of the catalog; its sizes, which a card may come with, are tried before any memory is taken.

    Raises:
        SpecError: settings that it does not take, or sizes that no network has.
    """
    told = ", ".join(f"{name}={value}" for name, value in settings.items())
    none = SpecError(f"{what}: expected sizes that a network can have, got {told[:200]}")
    random: Any = torch.random  # its stubs leave types unknown
    try:
        with warnings.catch_warnings(), random.fork_rng(devices=[]), torch.device("meta"):
            warnings.simplefilter("ignore")  # torch's, of weights without a number in them
            tried: nn.Module = things.made(factory, settings, what=what)
    except (RuntimeError, TypeError, ArithmeticError) as error:  # torch's, of sizes below 0 or beyond 64 bits
        raise none from error
    sizes = [weight.numel() for weight in tried.parameters()]
    if 0 in sizes:
        raise none
    if (count := sum(sizes)) > MOST_WEIGHTS:
        raise SpecError(f"{what}: expected at most {MOST_WEIGHTS:,} weights, got {count:,}")
    return things.made(factory, settings, what=what)


def load_members(
    words: Sequence[NetworkWord], shape: tuple[int, int, int], machine: Machine, *, classes: int | None = None
) -> list[nn.Module]:
    """Networks on their device, checked against the images that they will see.

    Args:
        words: which networks.
        shape: of an image.
        machine: where they run.
        classes: how many classes they must have; None for as many as the first.

    Raises:
        NetworkError: one cannot be loaded, or does not map such images to logits of so many classes.
    """
    members = [load_network(word, machine).to(torch.device(machine.device)) for word in words]
    found = [networks.check(member, shape, device=machine.device) for member in members]
    expected = classes or found[0]
    for word, count in zip(words, found, strict=True):
        if count != expected:
            raise NetworkError(f"{word.name}: expected {expected} classes, as the others have; got {count}")
    return members


def load_whole(
    word: NetworkWord, victim: VictimSettings, classes: int, shape: tuple[int, int, int], machine: Machine
) -> nn.Module:
    """An estimator that was trained and saved as a whole, on its device.

    Raises:
        SpecError: it has no weights.
        WeightsError: they do not fit.
    """
    if word.weights is None or victim.estimator is None:
        raise SpecError(f"{word.name}: expected a victim that feint train made, got an estimator without its weights")
    defaults = {"classes": classes} if word.name in catalog.ARCHITECTURES else {}
    estimator = whole(victim.estimator, new_network(word, defaults, allow_code=machine.allow_code), classes, shape)
    networks.load_weights(estimator, word.weights)
    return estimator.to(torch.device(machine.device)).eval()
