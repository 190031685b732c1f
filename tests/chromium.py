"""Debian's Chromium, headless and with no network: pages as they stand when their scripts have run."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--allow-file-access-from-files",
    ),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=20000"),
)
# One program shows all pages, each in a frame so high that everything is drawn, and tells what stands in them.
AROUND = """<!doctype html><meta charset="utf-8"><body><script>
const frames = PLACES.map(function (place) {
  const frame = document.createElement("iframe");
  frame.src = place;
  frame.style = "position:absolute;top:0;left:0;border:0;width:WIDTHpx;height:40000px";
  document.body.append(frame);
  return frame;
});
function count(page, which) { return page.querySelectorAll(which).length; }
addEventListener("load", function () {
  frames.forEach(function (frame) {
    frame.contentDocument.querySelectorAll("details").forEach(function (fold) { fold.open = true; });
  });
  setTimeout(function () {
    const found = frames.map(function (frame) {
      const page = frame.contentDocument, stills = Array.from(page.querySelectorAll("img.still"));
      return {
        charts: count(page, "canvas"),
        stills: stills.filter(function (still) { return still.naturalWidth > 0; }).length,
        markup: count(page, "main script, main a:not(nav a), main [onerror], main b, main [src='x']"),
        wide: page.documentElement.scrollWidth > WIDTH,
        ran: "ran" in frame.contentWindow,
      };
    });
    const told = document.createElement("pre");
    told.textContent = JSON.stringify(found);
    document.body.append(told);
  }, 15000);
});
</script>"""


@pytest.fixture(scope="session")
def browse(tmp_path_factory):
    """A function from files and a width to what stands in each of them, and the lines of the console.

    Without Chromium a test is skipped, in CI it fails.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not installed (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    def open_pages(paths: list[Path], width: int = 1200) -> tuple[list[dict[str, object]], list[str]]:
        folder = tmp_path_factory.mktemp("profile")
        around = AROUND.replace("PLACES", json.dumps([path.as_uri() for path in paths])).replace("WIDTH", str(width))
        (folder / "pages.html").write_text(around)
        size = f"--window-size={width},14000"
        command = [chromium, *FLAGS, size, f"--user-data-dir={folder}", "--dump-dom", (folder / "pages.html").as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        told = re.search("<pre>(.*)</pre>", done.stdout)
        assert told, done.stderr
        return json.loads(html.unescape(told[1])), [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return open_pages
