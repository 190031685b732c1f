"""A sweep: one description that stands for many, a grid or a list over its fields.

    experiment: audit
    data: {source: path/to/cifar10, limit: 1000}
    attack: ace
    sweep:
      grid:
        victim: [resnet, {card: resnet, estimator: "mc-dropout:draws=30"}]
        radii: [[1/255], [2/255]]
        attack.search: [backtracking, bisection]
      list:
        - {seed: 0}
        - {seed: 1, limit: 500}

Every combination of the grid's values is run with every entry of the list. A dotted name is a field inside of another.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, cast

from feint.errors import SpecError

from .grammar import parsed
from .settings import near

SWEEP = "sweep"
KINDS = ("grid", "list")
MOST = 10_000
"""Runs of one description."""


def expanded(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The descriptions that one stands for: itself, if there is no sweep in it.

    >>> [each["seed"] for each in expanded({"experiment": "audit", "sweep": {"grid": {"seed": [0, 1]}}})]
    [0, 1]

    Raises:
        SpecError: a sweep that is neither a grid nor a list, or empty.
    """
    base = {str(key): value for key, value in document.items() if key != SWEEP}
    if SWEEP not in document:
        yield base
        return
    told: Any = document[SWEEP]
    if not isinstance(told, Mapping) or not told:
        raise SpecError(f"sweep: expected a grid or a list, got {told!r}")
    sweep = cast(Mapping[str, Any], told)
    for kind in sweep:
        if kind not in KINDS:
            raise SpecError(f"sweep: expected one of {', '.join(KINDS)}, got {kind!r}{near(str(kind), KINDS)}")
    grid, entries = _grid(sweep.get("grid", {})), _entries(sweep.get("list", [{}]))
    count = len(entries) * math.prod(map(len, grid.values()))
    if count > MOST:
        raise SpecError(f"sweep: expected at most {MOST:,} runs, got {count:,}")
    for entry in entries:
        for values in product(*grid.values()):
            found = base
            for name, value in (*entry.items(), *zip(grid, values, strict=True)):
                found = _put(found, name.split("."), value)
            yield found


def _grid(told: Any) -> dict[str, Sequence[Any]]:
    if not isinstance(told, Mapping):
        raise SpecError(f"sweep.grid: expected a list of values for each field, got {type(told).__name__}")
    found = {str(name).replace("-", "_"): values for name, values in cast(Mapping[Any, Any], told).items()}
    for name, values in found.items():
        if not isinstance(values, list) or not values:
            raise SpecError(f"sweep.grid.{name}: expected a list of values, got {values!r}")
    return found


def _entries(told: Any) -> list[dict[str, Any]]:
    if not isinstance(told, list) or not told:
        raise SpecError(f"sweep.list: expected a list of mappings, got {told!r}")
    found: list[dict[str, Any]] = []
    for entry in cast(list[Any], told):
        if not isinstance(entry, Mapping):
            raise SpecError(f"sweep.list: expected mappings, got {entry!r}")
        found.append({str(name).replace("-", "_"): value for name, value in cast(Mapping[Any, Any], entry).items()})
    return found


def _put(mapping: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy with one field changed, however deep; a word on the way is taken as the mapping that it stands for."""
    first, *rest = path
    if not rest:
        return {**mapping, first: value}
    inner: Any = mapping.get(first, {})
    if isinstance(inner, str):
        inner = parsed(inner)
    if not isinstance(inner, Mapping):
        raise SpecError(f"sweep: expected a mapping in {first}, to set {'.'.join(path)}, got {inner!r}")
    return {**mapping, first: _put(cast(Mapping[str, Any], inner), rest, value)}
