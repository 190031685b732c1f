"""Deleting a run: what feint wrote in its folder, and its place in the store; what else lies there stays."""

import os
import shutil
from pathlib import Path

from feint.errors import StoreError
from feint.runs.folder import files

from .listing import Listed
from .store import Store


def remove(store: Store, run: Listed) -> list[str]:
    """Delete a run; the names of what is not feint's, and stayed.

    Raises:
        StoreError: a process works on it, or it cannot be deleted.
    """
    from feint.runs.folder.ledger import OURS

    folder = Path(run.folder)
    if (folder / "run.json").exists():
        lock = files.locked(folder)
        try:
            with files.explained(folder):
                for name in OURS:  # run.json first: what an interruption leaves is no run
                    place = folder / name
                    if place.is_dir() and not place.is_symlink():
                        shutil.rmtree(place)
                    else:
                        place.unlink(missing_ok=True)
                (folder / ".lock").unlink(missing_ok=True)
        finally:
            os.close(lock)
    store.forget([run])
    try:
        left = sorted(each.name for each in folder.iterdir())
        if not left:
            folder.rmdir()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder} cannot be deleted: {error.strerror}") from error
    return left
