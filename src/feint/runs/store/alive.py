"""Whether somebody works on a run right now: a run that is not complete and has nobody was interrupted."""

import fcntl
import os
from pathlib import Path


def at_work(folder: Path) -> bool:
    """Whether a process of this machine has the folder's lock."""
    try:
        lock = os.open(folder / ".lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(lock)
    return False
