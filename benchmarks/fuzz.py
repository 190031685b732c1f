"""Damaged files of every format, read as a user would: how many are refused, how many still read, and what else came.

    python benchmarks/fuzz.py [FILES [FORMAT ...]]      (20,000 by default, over all formats)

The damage is the test suite's (`tests/data/mutations.py`, `tests/networks/loading/damaged.py`, `tests/app/damaged.py`),
seeded by the format's name; weights, cards of victims and files of `feint run` are among the formats. Anything but a
FeintError is a fault, and the script's exit code.
"""

import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.app import damaged as settings
from tests.data.mutations import FORMATS, damage
from tests.data.test_fuzz import read, source_of
from tests.networks.loading import damaged as weights

EVERY = {**FORMATS, **weights.WEIGHTS, **settings.SETTINGS}


def kind_of(name: str) -> tuple[Callable[[Path, Random], None], Callable[[Path, int], str | None]]:
    """How a format is damaged, and how it is read: a path, and how many came before it."""
    if name in weights.WEIGHTS:
        return weights.damage, lambda path, number: weights.read(path)
    if name in settings.SETTINGS:
        return settings.damage, lambda path, number: settings.read(path)
    return damage, lambda path, number: read(source_of(path), ("skip", "raise")[number % 2])


def fuzzed(name: str, files: int) -> tuple[int, Counter[str], float]:
    """How many damaged files of a format were refused, what else was raised, and the seconds of processor time."""
    write, rng, refused, others, start = EVERY[name], Random(name), 0, Counter[str](), time.process_time()
    spoil, told = kind_of(name)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            path = write(Path(folder))
            spoil(path, rng)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's and numpy's, of odd files
                try:
                    refused += told(path, number) is not None
                except Exception as error:
                    others[type(error).__name__] += 1
            path.unlink()
    return refused, others, time.process_time() - start


def main() -> None:
    """All formats, and a line for each."""
    names = sys.argv[2:] or list(EVERY)
    each = -(-(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000) // len(names))
    print(f"{'format':24}{'files':>7}{'refused':>9}{'read':>7}{'other errors':>14}{'seconds':>9}")
    wrong = 0
    for name in names:
        refused, others, seconds = fuzzed(name, each)
        bad = others.total()
        wrong += bad
        told = f"  {dict(others)}" if bad else ""
        print(f"{name:24}{each:7}{refused:9}{each - refused - bad:7}{bad:14}{seconds:9.1f}{told}", flush=True)
    print(f"{len(names) * each} files, {wrong} errors that are no FeintError")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
