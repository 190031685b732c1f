"""From an attack's word to the attack itself."""

import inspect
from dataclasses import is_dataclass
from typing import Any, cast

import torch

from feint import catalog
from feint.attacks import Attack, Budget, budget_for
from feint.attacks.evaluation import check_differentiable
from feint.errors import SpecError
from feint.networks.loading.user_file import thing_from_file
from feint.protocols import Estimator
from feint.runs import things
from feint.runs.folder import files
from feint.runs.settings import Settings
from feint.victims.settings import EstimatorWord
from feint.victims.victim import Victim, completed_estimator

from .settings import ThreatWord, check_full_range, user_file

KINDS: things.Kinds = {"search": catalog.SEARCHES, "refine": catalog.SEARCHES}

DECLARED = ("distance", "raises", "seeks", "needs_gradient", "takes_condition")
"""What an attack says of itself."""


def class_of(word: ThreatWord) -> Any:
    """The attack's class, or a user's own thing."""
    if (own := user_file(word.name)) is not None:
        return thing_from_file(*own)
    return things.loaded(catalog.ATTACKS[word.name])


def build(word: ThreatWord, *, seed: int) -> Attack:
    """The attack of a word.

    Args:
        word: its name and settings.
        seed: of attacks that draw, unless the word has one.

    Raises:
        SpecError: settings that it does not have, or a user's own that is no attack.
    """
    thing: Any = class_of(word)
    if missing := [name for name in DECLARED if not hasattr(thing, name)]:
        told = f"expected an attack, which declares {', '.join(DECLARED)}"
        raise SpecError(f"{word.name}: {told}; got {_kind(thing)} without {missing[0]}")
    if not inspect.isclass(thing):
        if word.settings:
            raise SpecError(
                f"{word.name}: expected no settings of what is made already, got {', '.join(word.settings)}"
            )
        return thing
    own: dict[str, Any] = {"seed": seed} if any(each.name == "seed" for each in things.settings_of(thing)) else {}
    return things.made(thing, {**own, **word.settings}, what=word.name, kinds=KINDS, also=word.reserved)


def check_gradient(attack: Attack, victim: Victim, guide: Estimator | None = None) -> None:
    """Raise an AttackError where an attack needs a gradient and there is none, before anything of a run is kept.

    Args:
        attack: which.
        victim: whom.
        guide: what gives the gradients in the victim's place.
    """
    if not attack.needs_gradient or (guide is None and victim.made_from is not None):  # that one is not trained yet
        return
    with torch.enable_grad():
        grey = torch.full((2, *victim.shape), 0.5, device=victim.device, requires_grad=True)
        asked = guide or victim.estimator()
        check_differentiable(asked(grey, torch.arange(2, device=victim.device)).log_probs)


def _kind(thing: Any) -> str:
    return f"the class {thing.__name__}" if inspect.isclass(thing) else type(thing).__name__


def completed(word: ThreatWord, *, seed: int) -> ThreatWord:
    """The word with all settings of its attack: however it was written, it is one run."""
    attack: Any = build(word, seed=seed)
    if not is_dataclass(attack) or not inspect.isclass(class_of(word)):  # one that is made has no settings to say
        return word
    names: dict[Any, str] = {type(attack): word.name}
    for field in ("search", "refine"):
        if hasattr(attack, field):
            kind = type(cast(object, getattr(attack, field)))
            names[kind] = kind.__name__.lower()
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
    if attack.distance == "linf":
        check_full_range((radius,))
    return budget_for(attack, radius)


def check_words(settings: Settings) -> None:
    """Raise a SpecError for settings of attacks and estimators that these do not have, whatever holds them."""
    for name in type(settings).model_fields:
        value: Any = getattr(settings, name)
        many = cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
        for each in many:
            if isinstance(each, ThreatWord):
                build(each, seed=0)
            elif isinstance(each, EstimatorWord) and each.name in catalog.ESTIMATORS:
                completed_estimator(each)
            elif isinstance(each, Settings):
                check_words(each)
