"""Work that the same command began on something else, and that would be left behind without a word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feint.errors import StoreError

from . import files

_CALLED = {"images": "other images", "begins as": "another network"}


def check_unfinished(path: Path, state: Mapping[str, Any]) -> None:
    """Refuse to begin a run where another with the same settings, but of other images say, has not come to its end.

    Args:
        path: the run's folder, not there yet; the others lie beside it.
        state: what its ``run.json`` is to say.

    Raises:
        StoreError: there is one.
    """
    settings, identity = files.canonical(state["settings"]), state["identity"]
    for place in sorted(path.parent.glob(f"{state['experiment']}-*/run.json")):
        there = files.read_sealed(place)
        if (
            place.parent != path
            and there is not None
            and there.get("state") != "complete"
            and files.canonical(there.get("settings")) == settings
            and _has_work(place.parent)
        ):
            begun = there.get("identity", {})
            other = [called for name, called in _CALLED.items() if begun.get(name) != identity.get(name)]
            raise StoreError(
                f"{place.parent} is unfinished, and was begun on {' and '.join(other) or 'something else'} by this "
                f"command; put back what it was begun on to go on, or --fresh or another name to begin anew"
            )


def _has_work(folder: Path) -> bool:
    """Whether it holds anything that took time."""
    return any(place.is_file() for name in ("ledger", ".scratch") for place in (folder / name).rglob("*"))
