"""The shapes that functions state, checked at every call; imported before any of them is.

Only modules that state some are looked at, in jaxtyping's words or in those of metrics/inputs: in all others pyright
knows the types, and checking them again takes longer than what such functions do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jaxtyping import config, install_import_hook

_SOURCE = Path(__file__).resolve().parents[1] / "src"
MODULES = [
    ".".join(path.relative_to(_SOURCE).with_suffix("").parts)
    for path in sorted(_SOURCE.rglob("[!_]*.py"))
    if re.search(r"jaxtyping|from feint\.metrics\.inputs import", path.read_text(encoding="utf-8"))
]
install_import_hook(MODULES, "beartype.beartype")


@contextmanager
def unchecked() -> Iterator[None]:
    """Inside, no shape is looked at, as with users: for what a wrong shape comes to, and for whole runs, where it would
    take as long as all else. What they are made of is checked in its own room's tests."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)
