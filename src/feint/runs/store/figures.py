"""The numbers in a summary, by what they are of: those that are compared across runs, and all there are."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, final

COMPARED = (
    "accuracy",
    "aurc",
    "e_aurc",
    "augrc",
    "nll",
    "brier",
    "ece",
    "of_worst",
    "effective_radius",
    "kept",
    "success",
)
"""What the store keeps of every run that says how a victim does clean and attacked."""
_BESIDE = ("rounded", "random")
_NAMES = ("name", "victim", "setting", "attack", "condition", "detector", "label", "calibrated_to", "value", "radius")
_APART = ("run", "skipped", "warnings")


@final
@dataclass(frozen=True)
class Metric:
    """One number that can be compared.

    Attributes:
        variant: clean, attacked, rounded (attacked, then to 8 bits) or random (signs of the same radius).
        radius: of the attack; 0 where clean.
        name: of the metric.
        value: of a stochastic victim, what fresh draws say on average.
        std: over the sets of fresh draws; None for a victim that draws nothing.
        own: what the draws say that the attacker saw; None for a victim that draws nothing.
    """

    variant: str
    radius: float
    name: str
    value: float
    std: float | None = None
    own: float | None = None


def metrics(summary: Mapping[str, Any]) -> list[Metric]:
    """What a summary says of a victim clean, and attacked at each radius; nothing where it is laid out otherwise."""
    found: dict[tuple[str, float, str], Metric] = {}
    for each in _metrics(summary):
        found.setdefault((each.variant, each.radius, each.name), each)
    return list(found.values())


def _metrics(summary: Mapping[str, Any]) -> Iterator[Metric]:
    clean, attacked = summary.get("clean"), summary.get("attacked")
    if isinstance(clean, Mapping):
        yield from _row("clean", 0.0, cast(Mapping[str, Any], clean))
    for each in cast(Sequence[Any], attacked) if isinstance(attacked, list) else ():
        row: Mapping[str, Any] = cast(Mapping[str, Any], each) if isinstance(each, Mapping) else {}
        radius = number(row.get("radius"))
        if radius is None:
            continue
        yield from _row("attacked", radius, row)
        for variant in _BESIDE:
            if isinstance(row.get(variant), Mapping):
                yield from _row(variant, radius, row[variant])


def _row(variant: str, radius: float, row: Mapping[str, Any]) -> Iterator[Metric]:
    draws: Any = row.get("draws")
    std, own = (_part(draws, which) for which in ("std", "own"))
    for name in COMPARED:
        value = number(row.get(name))
        if value is not None:
            yield Metric(variant, radius, name, value, number(std.get(name)), number(own.get(name)))


def _part(draws: Any, which: str) -> Mapping[str, Any]:
    found: Any = cast(Mapping[str, Any], draws).get(which) if isinstance(draws, Mapping) else None
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}


def number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """All numbers of a summary with where they stand: "attacked 0.01 rounded aurc".

    Items of a list go by what names them, such as their radius, or by their position.

    >>> list(flat({"clean": {"aurc": 0.1}, "attacked": [{"radius": 0.5, "aurc": 0.2}], "auroc": [0.9, 0.8]}))
    [('clean aurc', 0.1), ('attacked 0.5 aurc', 0.2), ('auroc 0', 0.9), ('auroc 1', 0.8)]
    """
    if isinstance(value, Mapping):
        for key, each in cast(Mapping[str, Any], value).items():
            if path or key not in _APART:
                yield from flat(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for at, each in enumerate(cast(Sequence[Any], value)):
            name, inner = _named(each, at)
            yield from flat(inner, (*path, name))
    elif (found := number(value)) is not None:
        yield " ".join(path), found


def _named(value: Any, at: int) -> tuple[str, Any]:
    """What to call an item of a list, and the item without what is in its name."""
    if not isinstance(value, Mapping):
        return str(at), value
    item = cast(Mapping[str, Any], value)
    keys = [key for key in _NAMES if isinstance(item.get(key), str | int | float)]
    if "name" in keys:  # a class has a label too, which says the same
        keys = [key for key in keys if key != "label"]
    if not keys:
        return str(at), item
    names = [f"{item[key]:g}" if isinstance(item[key], float) else str(item[key]) for key in keys]
    return " ".join(names), {key: each for key, each in item.items() if key not in keys}
