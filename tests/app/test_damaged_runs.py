"""Of run folders that somebody has changed, seals and all, commands say one line, or read what is left."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.data.mutations import mutated

from feint.runs.folder import files

COUNT = int(os.environ.get("FEINT_FUZZ", "500")) // 10
ODD = (None, -1, 1.5, "x", "", [], {}, [1, "a"], {"a": 1}, True, "../../../etc/passwd", 10**30, "\x1b[31m")
"""What a value is changed to."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where all values of a JSON document stand."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def change(path: Path, rng: Random) -> None:
    """Change a file; of most JSON files a value, with the seal that a careful stranger would put on it."""
    if path.suffix != ".json" or rng.random() < 0.2:
        path.write_bytes(mutated(path.read_bytes(), rng))
        return
    told = json.loads(path.read_text())
    sealed = told.pop("seal", None) is not None
    *way, last = rng.choice(list(places(told)))
    at = told
    for key in way:
        at = at[key]
    if rng.random() < 0.4:
        del at[last]
    else:
        at[last] = rng.choice(ODD)
    files.write_sealed(path, told) if sealed else path.write_text(json.dumps(told))


def test_nothing_but_one_line_comes_out(feint, images: Path, networks: Path, tmp_path: Path):
    feint("audit", "--data", images, "--network", f"{networks}:build", "--radii", 0.1, "--quiet", "--threads", 1)
    feint("audit", "--data", images, "--network", f"{networks}:other", "--radii", 0.1, "--quiet", "--threads", 1)
    whole, other = (path.rename(tmp_path / path.name) for path in sorted((tmp_path / "feint-runs").iterdir()))
    feint("runs", "--rescan", other)
    rng, place, codes = Random(0), tmp_path / "changed" / whole.name, list[int]()
    there = [
        path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.suffix in (".json", ".parquet", ".npz")
    ]
    for _ in range(COUNT):
        shutil.rmtree(place.parent, ignore_errors=True)
        shutil.copytree(whole, place)
        name = rng.choice([*there, Path("run.json"), Path("summary.json")])
        change(place / name, rng)
        for arguments in (
            ["report", place, "--format", "json"],
            ["runs", "--rescan", place],
            ["runs", "show", place],
            ["compare", place, other],
            ["query", f'select * from "{whole.name}".records limit 3'],
        ):
            outcome = feint(*arguments)
            assert outcome.code in (0, 2), (name, arguments, outcome)
            assert "\x1b" not in outcome.out + outcome.err, (name, arguments, outcome)
            assert outcome.code == 0 or outcome.err.count("\n") == 1, (name, arguments, outcome)
            codes.append(outcome.code)
    assert set(codes) == {0, 2}
