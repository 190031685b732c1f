"""The pictures of docs/workbench.md: every page, light, dark and on a phone.

    python docs/screenshots.py                        over a store of its own, made on the spot
    python docs/screenshots.py --url URL --out FOLDER --only runs

It needs Debian's chromium and chromium-driver, and the extras web and test.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PAGES = {
    "runs": ("/", "tbody tr"),
    "run": ("/run/{run}", ".plot canvas"),
    "compare": ("/compare?runs={runs}", ".plot canvas"),
    "leaderboard": ("/leaderboard", "tbody tr"),
    "attack": ("/attack?image=3&attack=ace&radius=0.12&second=digit-net", ".victims .plot canvas"),
    "latent": ("/latent?pin=0.5,0.5&way=-2,-1,2,1&measure=predictive_entropy", ".plot canvas"),
    "new": ("/new?experiment=attack&attack=pgd:steps=20&radii=0.1", "pre"),
    "jobs": ("/jobs", "tbody tr"),
    "job": ("/job/{job}", ".state.done"),
    "victims": ("/victims", "tbody tr"),
    "victim": ("/victim/digit-net", "pre"),
    "learn": ("/learn", ".plot canvas"),
}
LOOKS = {"light": (1280, 1000, 1), "dark": (1280, 1000, 1), "phone": (390, 844, 2)}
LIMITS = {"light": 2400, "dark": 1400, "phone": 1700}
"""Pixels from the top, at most."""


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--only", choices=PAGES)
    options = parser.parse_args()
    names = [options.only] if options.only else list(PAGES)
    with _server(options.url) as url, _browser() as driver:
        known = _known(url)
        for look in LOOKS:
            shade = "dark" if look == "dark" else "light"
            media = {"features": [{"name": "prefers-color-scheme", "value": shade}]}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            for name in names:
                _take(driver, url, name, look, known, options.out)


@contextmanager
def _server(url):
    """One that is there, or one over a store with the demo, an attack, an autoencoder and a job."""
    if url:
        yield url
        return
    feint = [sys.executable, "-m", "feint"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FEINT_HOME": folder}
        for line in (
            "audit", "audit --seed 1", "attack pgd:steps=10 --limit 100 --radii 0.1,0.2",
            "train digit-vae --network vae:latent=2 --data digits --epochs 30",
            "train digit-net --network digits --data digits --epochs 6",
        ):  # fmt: skip
            subprocess.run(
                [*feint, *line.split(), "--quiet"], cwd=folder, check=True, env=environment, stdout=subprocess.DEVNULL
            )
        process = subprocess.Popen(
            [*feint, "serve", "--port", "8799"], cwd=folder, stdout=subprocess.PIPE, text=True,
            env=environment,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            _post(f"{found[0]}api/v1/jobs", b'{"experiment": "attack", "settings": {"attack": "fgsm", "radii": [0.1]}}')
            yield found[0].rstrip("/")
        finally:
            process.terminate()
            process.wait()


def _post(url, body):
    from urllib.request import Request, urlopen

    with urlopen(Request(url, body, {"content-type": "application/json"})):
        pass


def _known(url):
    """Which runs and jobs there are."""
    import json
    from urllib.request import urlopen

    def read(place):
        with urlopen(f"{url}/api/v1/{place}") as answer:
            return json.load(answer)

    runs = [each["id"] for each in read("runs?experiment=audit")["runs"]]
    jobs = [each["id"] for each in read("jobs")]
    return {"run": runs[-1] if runs else "", "runs": ",".join(runs[:2]), "job": jobs[0] if jobs else ""}


@contextmanager
def _browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def _take(driver, url, name, look, known, out):
    place, ready = PAGES[name]
    width, high, scale = LOOKS[look]
    _sized(driver, look, width, high, scale)
    driver.get(url + place.format(**known))
    end = time.monotonic() + 300
    while not driver.find_elements("css selector", ready) and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(2.5)
    end = driver.execute_script("return document.querySelector('.page').getBoundingClientRect().bottom + scrollY")
    height = min(max(round(end), 400), LIMITS[look])
    _sized(driver, look, width, height, scale)
    time.sleep(1.5)
    _kept(driver.get_screenshot_as_png(), out / f"workbench-{name}-{look}.png")


def _sized(driver, look, width, height, scale):
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": look == "phone"}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def _kept(content, place):
    """As a picture of 256 colours, which takes fewer bytes."""
    import io

    from PIL import Image

    place.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(content)).convert("RGB").quantize(256).save(place, optimize=True)


if __name__ == "__main__":
    main()
