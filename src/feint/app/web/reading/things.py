"""The catalog as forms need it: read in the reader's process, for to know an attack's settings is to import it."""

import inspect
from typing import Any, Final, cast, get_args

from feint import catalog
from feint.app.sources import first_line
from feint.app.web.parts.forms import Asked, Thing
from feint.runs import things
from feint.threats.settings import ThreatWord
from feint.victims.whole import SURROUNDINGS

NESTED: Final = ("search", "refine")
"""Settings that are things of the catalog themselves."""
RESERVED: Final = ("goal", "measure", "target", "evade", "weight", "draws")
"""What an attack's word says of its aim."""


def known(kept: Any) -> dict[str, dict[str, Thing]]:
    """Attacks, estimators and architectures by name, with their settings."""
    return {
        "attacks": {name: _thing(place, attack=True) for name, place in catalog.ATTACKS.items()},
        "estimators": {name: _thing(place) for name, place in catalog.ESTIMATORS.items()},
        "architectures": {name: _thing(place) for name, place in catalog.ARCHITECTURES.items()},
    }


def _thing(place: str, *, attack: bool = False) -> Thing:
    found: list[Asked] = []
    for each in things.settings_of(things.loaded(place)):
        if each.name in SURROUNDINGS:
            continue
        if each.name in NESTED:
            found += _nested(each)
        else:
            found.append(_asked(each))
    if attack:
        settings = {each.name: each for each in things.settings_of(ThreatWord)}
        found += [_asked(settings[name]) for name in RESERVED]
    return Thing(first_line(place), tuple(found))


def _nested(setting: things.Setting) -> list[Asked]:
    """A search by name, and what each of them can be told."""
    default = type(setting.default).__name__.lower()
    inside: dict[str, Asked] = {}
    for place in catalog.SEARCHES.values():
        for each in things.settings_of(things.loaded(place)):
            asked = _asked(each)
            inside[each.name] = Asked(f"{setting.name}.{each.name}", asked.choices, asked.default, asked.help)
    return [Asked(setting.name, tuple(catalog.SEARCHES), default, setting.help), *inside.values()]


def _asked(setting: things.Setting) -> Asked:
    default: Any = setting.default
    nothing = default is None or default is inspect.Parameter.empty or default in ((), "")
    text = "" if nothing else _written(default)
    switch = setting.annotation is bool or isinstance(default, bool)
    return Asked(setting.name, setting.choices or _literals(setting.annotation), text, setting.help, switch)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ",".join(map(_written, cast(tuple[Any, ...], value)))
    return str(cast(object, value))


def _literals(annotation: Any) -> tuple[str, ...]:
    """The values of a closed set of texts, wherever they stand in a type."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return tuple(parts) if all(isinstance(part, str) for part in parts) else ()
