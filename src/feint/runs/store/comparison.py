"""Runs side by side: what was asked differently, why their numbers might not compare, and the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from .figures import flat
from .listing import Known


def compared(runs: Sequence[Known], *, every: bool = False) -> dict[str, Any]:
    """Several runs as JSON.

    Args:
        runs: which.
        every: all numbers of their summaries, and not only what the store keeps of each run.

    Returns:
        ``runs`` their ids, ``differences`` why they are not comparable (nothing where they are), ``settings`` those
        that differ and ``metrics``, by name: a value for each run, None where it has none.
    """
    settings = _beside([flattened(each.settings) for each in runs])
    differing = {name: values for name, values in settings.items() if any(each != values[0] for each in values)}
    numbers = [dict(flat(each.summary or {})) if every else _metrics(each) for each in runs]
    return {
        "runs": [each.run.id for each in runs],
        "differences": _differences(runs),
        "settings": differing,
        "metrics": _beside(numbers),
    }


def _differences(runs: Sequence[Known]) -> list[str]:
    """What makes numbers of other things, such as other data."""
    first, found = runs[0].run, list[str]()
    for name in ("experiment", "data_hash", "images", "measure", "attack"):
        values = [getattr(each.run, name) for each in runs]
        if any(value != values[0] for value in values):
            told = list(dict.fromkeys(_called(name, value) for value in values))
            # Two of a name differ in their settings, which stand below.
            found.append(f"{name.replace('_', ' ')}: {', '.join(told) if len(told) > 1 else 'other settings'}")
    if not found and any(each.run.protocol != first.protocol for each in runs):
        found.append("settings other than victim and radii differ")
    return found + [f"{each.run.id} is {each.run.state}" for each in runs if each.run.state != "complete"]


def _called(name: str, value: Any) -> str:
    """A value in a few characters: a hash's first ones, an attack without its settings."""
    text = str(value).partition(":")[0] or "none"
    return text[:12] if name == "data_hash" else text


def _metrics(known: Known) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in known.metrics:
        name = (
            f"{each.variant} {each.name}" if each.variant == "clean" else f"{each.variant} {each.radius:g} {each.name}"
        )
        found[name] = each.value
        found |= {f"{name} (std)": each.std} if each.std is not None else {}
    return found


def _beside(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: [part.get(name) for part in parts] for name in names}


def flattened(settings: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Settings by their dotted names; items of a list of settings by their position.

    >>> flattened({"seed": 0, "attacks": [{"name": "ace", "radii": [0.1]}]})
    {'seed': 0, 'attacks.0.name': 'ace', 'attacks.0.radii': [0.1]}
    """
    found: dict[str, Any] = {}
    for key, each in settings.items():
        inner: Any = each
        if isinstance(each, list) and any(isinstance(item, Mapping) for item in cast(list[Any], each)):
            inner = {str(at): item for at, item in enumerate(cast(list[Any], each))}
        if isinstance(inner, Mapping) and inner:
            found |= flattened(cast(Mapping[str, Any], inner), f"{path}{key}.")
        else:
            found[f"{path}{key}"] = inner
    return found
