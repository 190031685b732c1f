"""What tests in a real browser need: Debian's Chromium, headless, with no network."""

import os
import shutil
import subprocess

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=10000"),
)


@pytest.fixture(scope="session")
def browse(tmp_path_factory):
    """A function from a file and a width to the page as it stands when its scripts have run, and the console's lines.

    Without Chromium a test is skipped, in CI it fails.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not installed (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    def open_page(path, width=1200):
        folder = tmp_path_factory.mktemp("profile")
        size = f"--window-size={width},14000"  # so high that everything is drawn
        command = [chromium, *FLAGS, size, f"--user-data-dir={folder}", "--dump-dom", path.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return open_page


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
