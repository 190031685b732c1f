"""The scripts that draw charts on a page, from vl-convert, which carries them: nothing is fetched."""

import hashlib
import os
import tempfile
from contextlib import suppress
from importlib import import_module, resources
from pathlib import Path


def scripts() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, 0.9 MB, which sets ``window.vegaEmbed``.

    Bundling takes more than a second of processor time, so the result is kept in the user's cache, under the versions
    it was made of; where that cannot be written or holds something else, it is made anew.
    """
    convert = import_module("vl_convert")
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kept = Path(root) / "feint" / f"vega-{convert.__version__}.js"
    with suppress(OSError, UnicodeDecodeError):
        digest, _, script = kept.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(script):
            return script
    script = convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_digest(script)}\n{script}")
        Path(name).replace(kept)
    return script


def drawing() -> str:
    """What draws a chart once those are there: ``window.feintDraw(element, specification, theme, dark)``."""
    return (resources.files("feint.reports") / "draw.js").read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return "// " + hashlib.sha256(script.encode()).hexdigest()
