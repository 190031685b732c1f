"""How fast the workbench answers: its first page over 500 runs, 200 API requests a second while a job runs, the slider.

    python benchmarks/workbench.py                 a minute of requests
    python benchmarks/workbench.py --seconds 10

Everything happens on this machine, in a folder that is thrown away.
"""

import argparse
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

RUNS, RATE, AT_ONCE = 500, 200, 8
FEINT = [sys.executable, "-m", "feint"]


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ |= {"FEINT_HOME": folder, "OMP_NUM_THREADS": "1"}
        prepare(root)
        process = subprocess.Popen(
            [*FEINT, "serve", "--port", "8798"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            url = found[0].rstrip("/")
            first_page(url)
            slider(url)
            load(url, options.seconds)
        finally:
            process.terminate()
            process.wait()


def prepare(root: Path) -> None:
    """500 runs, a LeNet, and a network with dropout for the same images."""
    feint(root, "audit", "--limit", "60", "--radii", "0.05,0.1")
    (one,) = (root / "feint-runs").glob("audit-*")
    for at in range(RUNS - 3):
        shutil.copytree(one, one.with_name(f"audit-{at:010d}"))
    generator = np.random.default_rng(0)
    for name in ("images", "test"):
        images = generator.integers(0, 256, (200, 28, 28), dtype=np.uint8)
        np.savez(root / f"{name}.npz", images=images, labels=generator.integers(0, 10, 200))
    common = ["--data", "images.npz", "--test-data", "test.npz", "--epochs", "1"]
    feint(root, "train", "lenet", "--network", "lenet", *common)
    feint(root, "train", "dropout", "--network", "cnn-dropout", "--estimator", "mc-dropout:draws=30", *common)


def feint(root: Path, *arguments: str) -> None:
    """A command, without a word."""
    subprocess.run([*FEINT, *arguments, "--quiet"], cwd=root, check=True, stdout=subprocess.DEVNULL)


def first_page(url: str) -> None:
    """The first page over 500 runs: the first time, when all are read, and again."""
    for told in ("first time", "again"):
        time.sleep(1.5)
        begun = time.perf_counter()
        page = httpx.get(url, timeout=30)
        seconds = time.perf_counter() - begun
        count = httpx.get(f"{url}/api/v1/runs", timeout=30).json()["total"]
        print(f"first page over {count} runs, {told}: {seconds:.2f} s, {len(page.content) / 1e6:.2f} MB")


def slider(url: str) -> None:
    """One-step attacks at other radii, as the slider asks for them."""
    for victim, told in (("lenet", "softmax of a LeNet"), ("dropout", "30 draws of MC dropout")):
        taken: list[float] = []
        for at in range(12):
            asked = {"victim": victim, "index": 3, "attack": "ace", "radius": 0.01 + 0.01 * at}
            begun = time.perf_counter()
            httpx.post(f"{url}/api/v1/attack", json=asked, timeout=120).raise_for_status()
            taken.append(time.perf_counter() - begun)
        warm = sorted(taken[2:])
        print(f"slider, ace, {told}: median {1000 * warm[len(warm) // 2]:.0f} ms, slowest {1000 * warm[-1]:.0f} ms")


def load(url: str, seconds: float) -> None:
    """Requests at a steady rate while a job runs, by a few who each ask again and again."""
    job = {"experiment": "attack", "settings": {"attack": "cw:steps=200,searches=9", "radii": [5.0]}}
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        client.post("/jobs", json=job).raise_for_status()
        runs = [each["id"] for each in client.get("/runs", params={"limit": 50}).json()["runs"]]
        places = ["/runs", *(f"/runs/{each}" for each in runs), *(f"/runs/{each}/summary" for each in runs)]
        begun = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = list(pool.map(lambda who: _asked(url, places, who, begun, seconds), range(AT_ONCE)))
        total = time.perf_counter() - begun
        taken = sorted(each for times, _ in told for each in times)
        wrong = sum(count for _, count in told)
        now = client.get("/jobs").json()[0]
        print(
            f"{len(taken)} requests in {total:.1f} s ({len(taken) / total:.0f} a second), {wrong} errors, "
            f"median {1000 * taken[len(taken) // 2]:.1f} ms, "
            f"99 % within {1000 * taken[int(0.99 * len(taken))]:.0f} ms; job: {now['state']}"
        )
        client.post(f"/jobs/{now['id']}/cancel")
        time.sleep(3)


def _asked(url: str, places: list[str], who: int, begun: float, seconds: float) -> tuple[list[float], int]:
    """One of them: how long each answer took, and how many were errors."""
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    taken, wrong = list[float](), 0
    for at in range(who, round(seconds * RATE), AT_ONCE):
        time.sleep(max(0.0, begun + at / RATE - time.perf_counter()))
        asked = time.perf_counter()
        connection.request("GET", f"/api/v1{places[at % len(places)]}")
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - asked)
        wrong += answer.status != 200
    connection.close()
    return taken, wrong


if __name__ == "__main__":
    main()
