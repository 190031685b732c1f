"""From an attack's word to the attack itself."""

import inspect
from dataclasses import is_dataclass
from typing import Any

from feint import catalog
from feint.attacks import Attack, Budget, budget_for
from feint.errors import SpecError
from feint.networks.loading.user_file import load_from_file
from feint.runs import files, things

from .settings import ThreatWord, user_file

KINDS: things.Kinds = {"search": catalog.SEARCHES, "refine": catalog.SEARCHES}
_NAMES = {"Backtracking": "backtracking", "Bisection": "bisection"}


def class_of(word: ThreatWord) -> Any:
    """The attack's class, or a user's own thing."""
    if (own := user_file(word.name)) is not None:
        return load_from_file(*own)
    return things.loaded(catalog.ATTACKS[word.name])


def build(word: ThreatWord, *, seed: int) -> Attack:
    """The attack of a word.

    Args:
        word: its name and settings.
        seed: of attacks that draw, unless the word has one.

    Raises:
        SpecError: settings that it does not have.
    """
    thing: Any = class_of(word)
    if not inspect.isclass(thing):
        if word.settings:
            raise SpecError(f"{word.name}: expected no settings, got {', '.join(word.settings)}")
        return thing
    own: dict[str, Any] = {"seed": seed} if any(each.name == "seed" for each in things.settings_of(thing)) else {}
    return things.made(thing, {**own, **word.settings}, what=word.name, kinds=KINDS)


def completed(word: ThreatWord, *, seed: int) -> ThreatWord:
    """The word with all settings of its attack: however it was written, it is one run."""
    attack: Any = build(word, seed=seed)
    if not is_dataclass(attack):
        return word
    names = {type(attack): word.name}
    for field in ("search", "refine"):
        if hasattr(attack, field):
            names[type(getattr(attack, field))] = _NAMES[type(getattr(attack, field)).__name__]
    return word.but(settings=things.plain(attack, names))


def code_of(word: ThreatWord) -> str | None:
    """The digest of a user's own attack: part of a run's identity."""
    own = user_file(word.name)
    return None if own is None else files.digest_of(own[0])


def budget(attack: Attack, radius: float) -> Budget:
    """How far an attack may go, in its own distance.

    Raises:
        SpecError: an L-infinity radius above the full range.
    """
    if attack.distance == "linf" and radius > 1:
        fraction = f"{radius:g}/255 is {radius / 255:.3g}"
        raise SpecError(f"radii: expected at most 1, the full range of a pixel, got {radius:g}; {fraction}")
    return budget_for(attack, radius)
