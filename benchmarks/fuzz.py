"""Damaged files of every format, read as a user would: how many are refused, how many still read, and what else came.

    python benchmarks/fuzz.py [FILES]      (20,000 by default, over all formats)

The damage is the test suite's (`tests/data/mutations.py`, `tests/networks/loading/damaged.py`), seeded by the format's
name; weights are among the formats. Anything but a FeintError is a
fault, and the script's exit code.
"""

import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.data.mutations import FORMATS, damage
from tests.data.test_fuzz import read, source_of
from tests.networks.loading import damaged

EVERY = {**FORMATS, **damaged.WEIGHTS}


def fuzzed(name: str, files: int) -> tuple[int, Counter[str], float]:
    """How many damaged files of a format were refused, what else was raised, and the seconds of processor time."""
    write, rng, refused, others, start = EVERY[name], Random(name), 0, Counter[str](), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            path = write(Path(folder))
            (damaged.damage if name in damaged.WEIGHTS else damage)(path, rng)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's and numpy's, of odd files
                try:
                    said = (
                        damaged.read(path)
                        if name in damaged.WEIGHTS
                        else read(source_of(path), ("skip", "raise")[number % 2])
                    )
                    refused += said is not None
                except Exception as error:
                    others[type(error).__name__] += 1
            path.unlink()
    return refused, others, time.process_time() - start


def main() -> None:
    """All formats, and a line for each."""
    each = -(-(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000) // len(EVERY))
    print(f"{'format':24}{'files':>7}{'refused':>9}{'read':>7}{'other errors':>14}{'seconds':>9}")
    wrong = 0
    for name in EVERY:
        refused, others, seconds = fuzzed(name, each)
        bad = others.total()
        wrong += bad
        told = f"  {dict(others)}" if bad else ""
        print(f"{name:24}{each:7}{refused:9}{each - refused - bad:7}{bad:14}{seconds:9.1f}{told}", flush=True)
    print(f"{len(EVERY) * each} files, {wrong} errors that are no FeintError")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
