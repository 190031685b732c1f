"""Runs killed at random moments and gone on with: how many bits differ from a run that nobody killed.

    python benchmarks/kills.py [KILLS [COMMAND ...]]      (20 of each command by default)

Each command runs once undisturbed, in folders of its own; then again in other folders, killed (SIGKILL) after a random
share of the time that the first one took, and started again until it has been killed so often. Where it came to its end
before, it begins anew. Every table, array and weight, and the summary, are compared with the first run's.
"""

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

RECIPE = ["--epochs", "6", "--training-batch", "50"]
CLASSIFIER = ["train", "small", "--network", "digits", *RECIPE]
COMMANDS = {
    "audit": ["audit", "--limit", "300", "--radii", "0.05,0.1", "--batch-size", "10"],
    "detect": ["detect", "--attack", "bim", "--radii", "0.1", "--limit", "150", "--batch-size", "10"],
    "train": [*CLASSIFIER, "--members", "2"],
    "latent": ["latent", "--victim", "small", "--autoencoder", "vae", "--limit", "200"],
}
BEFORE = {"latent": [CLASSIFIER, ["train", "vae", "--network", "vae", *RECIPE]]}


def command(arguments: list[str], folder: Path) -> list[str]:
    """The command line, with folders of its own."""
    where = ["--out", str(folder / "runs"), "--victims", str(folder / "victims"), "--threads", "1", "--quiet"]
    return [sys.executable, "-m", "feint", *arguments, *where]


def finish(arguments: list[str], folder: Path) -> float:
    """Run to the end; the seconds that it took."""
    start = time.perf_counter()
    subprocess.run(command(arguments, folder), check=True, capture_output=True)
    return time.perf_counter() - start


def found(folder: Path, name: str) -> dict[str, str]:
    """Digests of all that a run came to, by place."""
    digests: dict[str, str] = {}
    (run,) = folder.glob(f"runs/{name}-*")
    for path in sorted(run.rglob("*")):
        place = str(path.relative_to(run))
        if path.suffix == ".parquet":
            digests[place] = _digest(*(column.to_pylist() for column in pq.read_table(path).columns))
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                digests[place] = _digest(*((key, arrays[key].dtype, arrays[key].tobytes()) for key in arrays.files))
        elif place == "summary.json":
            digests[place] = _digest(_timeless(json.loads(path.read_text())))
    for path in sorted(folder.glob("victims/*/*.safetensors")):
        weights = load_file(path)
        digests[str(path.relative_to(folder))] = _digest(*((key, weights[key].tobytes()) for key in sorted(weights)))
    return digests


def _timeless(value: Any) -> Any:
    """Without the run's own place, and how long it took."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key != "run" and "seconds" not in key}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _digest(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()


def killed(name: str, kills: int, folder: Path, draws: random.Random) -> tuple[int, int, int]:
    """How often a command was killed, how often it came to its end, and in how many files something differed."""
    whole = folder / "whole"
    for each in BEFORE.get(name, ()):
        finish(each, whole)
    took = finish(COMMANDS[name], whole)
    expected = found(whole, name)
    done, ends, differing = 0, 0, 0
    while done < kills or ends == 0:
        here = folder / f"killed-{ends}"
        if name in BEFORE and not here.exists():
            subprocess.run(["cp", "-r", str(whole), str(here)], check=True)
            for run in here.glob(f"runs/{name}-*"):
                subprocess.run(["rm", "-r", str(run)], check=True)
        if done < kills:
            start = time.monotonic()
            process = subprocess.Popen(
                command(COMMANDS[name], here), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                process.wait(timeout=took * draws.uniform(0.2, 1.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                done += 1
                continue
            took = min(took, time.monotonic() - start)  # the first one may have had less of the machine
            if process.returncode:
                raise SystemExit(f"{name}: exit code {process.returncode} after {done} kills")
        else:
            finish(COMMANDS[name], here)
        came = found(here, name)
        other = sorted(place for place in expected.keys() | came.keys() if expected.get(place) != came.get(place))
        differing += len(other)
        if other:
            print(f"{name}: {', '.join(other)} differ", flush=True)
        ends += 1
    return done, ends, differing


def main() -> None:
    """All commands, and a line for each."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    draws, wrong = random.Random(0), 0
    for name in sys.argv[2:] or COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            done, ends, differing = killed(name, kills, Path(folder), draws)
        wrong += differing
        print(
            f"{name}: killed {done} times on the way to {ends} ends; {differing} files with a differing bit", flush=True
        )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
