"""Whose mistake it is: what a user's own file raises is bad input, and is said with the file and the line."""

import traceback
from collections.abc import Generator
from contextlib import contextmanager

from feint.errors import FeintError, NetworkError, said

USERS = "feint_user_file_"
"""How the modules begin that are made of users' files."""


@contextmanager
def blamed() -> Generator[None]:
    """Inside, what is raised on the way through a user's file, ``sys.exit`` too, is a NetworkError that names it."""
    try:
        yield
    except (FeintError, MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        own = [(frame, line) for frame, line in frames if str(frame.f_globals.get("__name__", "")).startswith(USERS)]
        if not own:
            raise
        frame, line = own[-1]
        where = f"{frame.f_code.co_filename}, line {line}, in {frame.f_code.co_name}"
        raise NetworkError(f"{where}: expected no exception, got {said(error)}") from error
