"""A workbench on this machine alone, over a few small runs, and Debian's Chromium to walk through it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from feint.app.cli import main
from feint.runs.runners import local

from ...digits import trained_once_elsewhere
from ...shapes import unchecked

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)
PATIENCE = 180


@dataclass
class Server:
    """A workbench that is running."""

    root: Path
    port: int
    process: subprocess.Popen
    token: str = ""
    host: str = ""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self):
        return self.root / "runs"

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def start(root, *arguments, **environment):
    """Open a workbench over ROOT/runs and ROOT/victims; it says where it is."""
    command = [sys.executable, "-m", "feint", "serve", "--out", root / "runs", "--victims", root / "victims"]
    more = {"PYTHONUNBUFFERED": "1", "FEINT_HOME": str(root), "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **more, **environment}
    with (root / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in (*command, *arguments)],
            stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=root, start_new_session=True,
        )  # fmt: skip
    line = process.stdout.readline()
    found = re.search(r"http://([^:]+):(\d+)/(?:\?token=(\S+))?", line)
    assert found, (line, (root / "server.log").read_text())
    return Server(root, int(found[2]), process, found[3] or "", found[1])


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def bench(digit_networks):
    """How to open another workbench, whose processes train no embedded network anew, and to look at it."""
    environment = trained_once_elsewhere(digit_networks)
    return SimpleNamespace(start=partial(start, **environment), free_port=free_port, Visitor=Visitor)


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A folder with two audits and an attack on a few digits, and an autoencoder of them; one audit with its report."""
    root = tmp_path_factory.mktemp("store")
    common = ["--quiet", "--out", str(root / "runs"), "--victims", str(root / "victims")]
    train = ["train", "digit-vae", "--network", "vae:latent=2", "--data", "digits", "--epochs", "1"]
    with unchecked():
        assert main(["audit", "--limit", "60", "--radii", "0.05,0.1", *common]) == 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "report_files", lambda _: {"report.html": b""})
            assert main(["audit", "--limit", "60", "--radii", "0.05,0.1", "--seed", "1", *common]) == 0
            assert main(["attack", "fgsm", "--limit", "12", "--radii", "0.1", *common]) == 0
            assert main([*train, *common]) == 0
    return root


@pytest.fixture(scope="session")
def server(store, bench):
    """A workbench over the store. Whoever adds runs to it takes them away again."""
    found = bench.start(store, "--port", free_port())
    yield found
    found.stop()


@pytest.fixture(scope="session")
def _browsers():
    """Opens one of Debian's Chromium after the other; without it a test is skipped, in CI it fails."""
    places = shutil.which("chromium"), shutil.which("chromedriver")
    if None in places:
        reason = "chromium or its driver is not installed (apt-get install chromium chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    def opened():
        options = webdriver.ChromeOptions()
        options.binary_location = places[0]
        for flag in (*FLAGS, "--window-size=1280,1000"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        return webdriver.Chrome(options=options, service=Service(places[1]))

    return opened


@pytest.fixture(scope="session")
def chromium(_browsers):
    """The browser of all tests."""
    driver = _browsers()
    yield driver
    driver.quit()


@pytest.fixture
def chromium_new(_browsers):
    """Opens another one, which shares nothing with the first."""
    found = []

    def opened():
        found.append(_browsers())
        return found[-1]

    yield opened
    for driver in found:
        driver.quit()


class Visitor:
    """Somebody in front of the browser."""

    def __init__(self, driver, server):
        self.driver = driver
        self.server = server
        self.stays = False  # whether the page stays open for the next one

    def go(self, place):
        self.driver.get(self.server.url + place)
        return self

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def one(self, css):
        return self.until(lambda: next(iter(self.all(css)), None), css)

    def until(self, what, told="", seconds=PATIENCE):
        """Wait until something is the case: looking seldom where it takes long, as looking is not cheap."""
        begun = time.monotonic()
        found = None
        while (so_far := time.monotonic() - begun) < seconds:
            try:
                if found := what():
                    return found
            except Exception as error:  # an element that has just gone
                found = error
            time.sleep(min(max(so_far / 5, 0.02), 0.5))
        raise AssertionError(f"waited in vain for {told or what}: {found}\n{self.text[:3000]}")

    def soon(self, what, seconds=2.0):
        """What is the case within a moment, if it is."""
        try:
            return self.until(what, seconds=seconds)
        except AssertionError:
            return None

    @property
    def text(self):
        """What is to be read on the page, asked of the browser itself: the driver takes a second for a long table."""
        found = self.driver.execute_script("return document.body.innerText")
        return re.sub(r"\n+", "\n", found.replace("\t", " "))

    def reads(self, words):
        return self.until(lambda: words in self.text, repr(words))

    def press(self, words, tag="button"):
        """Click the first button, or whatever else, that says so."""
        found = """const [tag, words] = arguments, all = [...document.querySelectorAll(tag)];
            return all.find((each) => each.checkVisibility({visibilityProperty: true}) &&
            each.innerText.includes(words))"""
        self.until(lambda: self.driver.execute_script(found, tag, words), f"{tag} {words}").click()

    def labelled(self, words):
        """The control with a label."""
        path = f"//label[starts-with(normalize-space(.), '{words}')]"

        def found():
            label = self.driver.find_element("xpath", path)
            name = label.get_attribute("for")
            return self.driver.find_element("id", name) if name else label.find_element("css selector", "input, select")

        return self.until(found, words)

    def put(self, words, value):
        """Type into the control with a label, or choose there."""
        from selenium.webdriver.common.keys import Keys
        from selenium.webdriver.support.select import Select

        control = self.labelled(words)
        if control.tag_name == "select":
            Select(control).select_by_visible_text(value)
            return
        control.clear()
        control.send_keys(value, Keys.TAB)

    def unquiet(self):
        """What the console said, and which requests left this machine."""
        found = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self.server.url, "data:", "blob:", "about:", "chrome")):
                    found.append(f"a request to {url}")
        return found


@pytest.fixture
def visitor(chromium, server):
    """Somebody with a browser, who finds nothing on its console afterwards."""
    chromium.set_window_size(1280, 1000)
    found = Visitor(chromium, server)
    found.unquiet()
    yield found
    assert found.unquiet() == []
    if not found.stays:
        chromium.get("about:blank")


@pytest.fixture
def audit(visitor, server):
    """The name of the audit with a report, whose page is open as it is at first: loaded unless it was left so."""
    run = next(server.runs.glob("audit-*/figures")).parent.name
    visitor.stays = True
    if visitor.driver.current_url != f"{server.url}/run/{run}":  # the address says all that is chosen there
        visitor.go(f"/run/{run}")
    visitor.reads("Try a threshold")
    return run
