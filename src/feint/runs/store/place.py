"""Where the store lies: SQLite in the user's data folder, or the server that FEINT_DATABASE_URL names."""

import hashlib
import os
from pathlib import Path

URL, HOME = "FEINT_DATABASE_URL", "FEINT_HOME"


def home() -> Path:
    """The folder that is feint's own: FEINT_HOME, or the user's data folder as the system has it."""
    if place := os.environ.get(HOME):
        return Path(place).absolute()
    import platformdirs

    found = platformdirs.user_data_path("feint", appauthor=False)
    # A relative one would be looked for in the current folder, which may be a stranger's.
    return found if found.is_absolute() else Path.home() / ".local" / "share" / "feint"


def database_url() -> str:
    """The database's address: FEINT_DATABASE_URL, or a file in `home`."""
    return os.environ.get(URL) or f"sqlite:///{home() / 'store.sqlite'}"


def shared() -> bool:
    """Whether others may look at the store too: then a run registers itself, and does not only leave a note."""
    return os.environ.get(URL, "").startswith("postgresql")


def inbox() -> Path:
    """Where notes for this store lie; each store has its own."""
    return home() / "inbox" / hashlib.sha256(database_url().encode()).hexdigest()[:10]
