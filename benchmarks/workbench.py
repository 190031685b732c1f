"""How fast the workbench answers: its first page over 500 runs in the store, the slider, 200 API requests a second.

It exits with 1 where a promise is missed: the first page within a second, the slider within 300 ms for the softmax of a
LeNet and within a second for 30 draws, no errors.

    python benchmarks/workbench.py                 a minute of requests
    python benchmarks/workbench.py --seconds 10

Pages are measured in Debian's Chromium, until what was asked for is drawn. Everything happens on this machine, in a
folder that is thrown away.
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
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
            [*FEINT, "serve", "--port", "8798"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            url = found[0].rstrip("/")
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
            with browser() as driver:
                missed = [*first_page(url, driver, process.pid), *slider(url, driver)]
            missed += load(url, options.seconds)
            print(f"load {os.getloadavg()[0]:.1f} after; missed: {', '.join(missed) or 'nothing'}")
        finally:
            process.terminate()
            process.wait()
    sys.exit(bool(missed))


def prepare(root: Path) -> None:
    """500 runs in the store, most in other folders, a LeNet, and a network with dropout for the same images."""
    feint(root, "audit", "--limit", "60", "--radii", "0.05,0.1")
    (one,) = (root / "feint-runs").glob("audit-*")
    for at in range(RUNS - 3):
        shutil.copytree(one, root / f"runs-{at % 5}" / f"audit-{at:010d}")
    for at in range(5):
        subprocess.run([*FEINT, "runs", "--rescan", f"runs-{at}"], cwd=root, check=True, capture_output=True)
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


@contextmanager
def browser() -> Generator[Any]:
    """Debian's Chromium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_script_timeout(120)
    try:
        yield driver
    finally:
        driver.quit()


def spent(server: int) -> float:
    """Processor time in seconds of a server and what it keeps beside it; jobs are in sessions of their own."""
    total = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # one that has just ended
            fields = place.read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) if int(fields[3]) == server else 0
    return total / os.sysconf("SC_CLK_TCK")


WATCH = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("tbody tr")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.feintShown = performance.now(); })); // once it is painted
}).observe(document, { childList: true, subtree: true });
"""


def first_page(url: str, driver: Any, server: int) -> list[str]:
    """The first page over 500 runs: the first time, when all are read, and again; what is sent, and what is shown.

    Shown is from the visitor's wish until rows are painted, by the browser's own clock: a driver waits for more.
    """
    missed: list[str] = []
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    for told in ("first time", "again", "again"):
        time.sleep(1.5)
        begun, before = time.perf_counter(), spent(server)
        page = httpx.get(url, timeout=30)
        seconds, worked = time.perf_counter() - begun, spent(server) - before
        time.sleep(1.5)
        driver.get(url)
        while (shown := driver.execute_script("return window.feintShown")) is None:
            time.sleep(0.01)
        shown /= 1000
        time.sleep(1)  # the rest is drawn after what fits on a screen
        count = len(driver.find_elements("css selector", "tbody tr"))
        print(
            f"first page over {count} runs, {told}: {seconds:.2f} s, {worked:.2f} s of processor time "
            f"({len(page.content) / 1e6:.2f} MB), "
            f"shown in the browser after {shown:.2f} s"
        )
        if max(seconds, shown) > 1:
            missed.append(f"first page, {told}")
    return missed


MOVED = """
const [value, done] = arguments, slider = document.querySelector("input[type=range]");
const told = () => document.querySelectorAll(".victims .images img")[2].src; // the attacked image
const chart = () => document.querySelector(".victims canvas");
const before = [told(), chart()], begun = performance.now();
slider.value = value;
slider.dispatchEvent(new Event("input"));
const look = () => {
  const now = [told(), chart()]; // a chart that is drawn anew has a canvas of its own
  if (now[0] !== before[0] && now[1] && now[1] !== before[1]) done(performance.now() - begun);
  else requestAnimationFrame(look);
};
look();
"""


def slider(url: str, driver: Any) -> list[str]:
    """One-step attacks at other radii: as the API answers, and from the slider's move until image and chart are new."""
    missed: list[str] = []
    for victim, told, most in (("lenet", "softmax of a LeNet", 300), ("dropout", "30 draws of MC dropout", 1000)):
        taken: list[float] = []
        for at in range(12):
            asked = {"victim": victim, "index": 3, "attack": "fgsm", "radius": 0.01 + 0.01 * at}
            begun = time.perf_counter()
            httpx.post(f"{url}/api/v1/attack", json=asked, timeout=120).raise_for_status()
            taken.append(time.perf_counter() - begun)
        driver.get(f"{url}/attack?victim={victim}&image=3&attack=fgsm&radius=0.05")
        while not driver.find_elements("css selector", ".victims canvas"):
            time.sleep(0.05)
        time.sleep(2)
        moved = [driver.execute_async_script(MOVED, 100 + 5 * at) / 1000 for at in range(12)]
        for what, times in (("answered", taken), ("redrawn", moved)):
            warm = sorted(times[2:])
            middle = 1000 * warm[len(warm) // 2]
            print(f"slider, fgsm, {told}, {what}: median {middle:.0f} ms, slowest {1000 * warm[-1]:.0f} ms")
            missed += [f"slider, {told}, {what}"] if middle > most else []
    return missed


def load(url: str, seconds: float) -> list[str]:
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
    slow = len(taken) / total < 0.98 * RATE
    return [
        *(["no errors"] if wrong or now["state"] != "running" else []),
        *(["200 requests a second"] if slow else []),
    ]


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
