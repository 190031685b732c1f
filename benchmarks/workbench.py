"""How fast the workbench answers: its first page over 500 runs, 200 API requests a second while a job runs, the slider.

    python benchmarks/workbench.py                 a minute of requests
    python benchmarks/workbench.py --seconds 10

Everything happens on this machine, in a folder that is thrown away.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

RUNS, RATE, AT_ONCE = 500, 200, 16
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
            asyncio.run(load(url, options.seconds))
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


async def load(url: str, seconds: float) -> None:
    """Requests at a steady rate while a job runs."""
    job = {"experiment": "attack", "settings": {"attack": "cw:steps=200,searches=9", "radii": [5.0]}}
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=30) as client:
        (await client.post("/jobs", json=job)).raise_for_status()
        runs = (await client.get("/runs", params={"limit": 50})).json()["runs"]
        places = ["/runs", *(f"/runs/{each['id']}" for each in runs), *(f"/runs/{each['id']}/summary" for each in runs)]
        taken: list[float] = []
        wrong: list[int] = []
        turn = asyncio.Semaphore(AT_ONCE)

        async def ask(place: str) -> None:
            async with turn:
                begun = time.perf_counter()
                answer = await client.get(place)
                taken.append(time.perf_counter() - begun)
                if answer.status_code != 200:
                    wrong.append(answer.status_code)

        begun, asked = time.perf_counter(), list[asyncio.Task[None]]()
        for at in range(round(seconds * RATE)):
            await asyncio.sleep(max(0.0, begun + at / RATE - time.perf_counter()))
            asked.append(asyncio.create_task(ask(places[at % len(places)])))
        await asyncio.gather(*asked)
        total = time.perf_counter() - begun
        state = json.loads((await client.get("/jobs")).content)[0]["state"]
        taken.sort()
        print(
            f"{len(taken)} requests in {total:.1f} s ({len(taken) / total:.0f} a second), {len(wrong)} errors, "
            f"median {1000 * taken[len(taken) // 2]:.1f} ms, "
            f"99 % within {1000 * taken[int(0.99 * len(taken))]:.0f} ms; job: {state}"
        )
        await client.post(f"/jobs/{(await client.get('/jobs')).json()[0]['id']}/cancel")
        await asyncio.sleep(3)


if __name__ == "__main__":
    main()
