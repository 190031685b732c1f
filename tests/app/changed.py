"""JSON that somebody has changed: values of another kind, or gone, or bytes damaged; seals made anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.data.mutations import mutated

from feint.runs.folder import files

ODD = (None, -1, 1.5, "x", "", [], {}, [1, "a"], {"a": 1}, True, "../../../etc/passwd", 10**30, "\x1b[31m")
"""What a value is changed to."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where all values of a JSON document stand."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def change_one(told: Any, rng: Random) -> None:
    """Change a value of a document, or take it out."""
    *way, last = rng.choice(list(places(told)))
    at = told
    for key in way:
        at = at[key]
    if rng.random() < 0.4:
        del at[last]
    else:
        at[last] = rng.choice(ODD)


def change(path: Path, rng: Random) -> None:
    """Change a file; of most JSON files a value, with the seal that a careful stranger would put on it."""
    if path.suffix != ".json" or rng.random() < 0.2:
        path.write_bytes(mutated(path.read_bytes(), rng))
        return
    told = json.loads(path.read_text())
    sealed = told.pop("seal", None) is not None
    change_one(told, rng)
    files.write_sealed(path, told) if sealed else path.write_text(json.dumps(told))
