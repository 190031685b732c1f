"""A job's process: runs one specification as `feint run` does, and says in the store how it ended."""

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from feint.app import cli
from feint.errors import FeintError
from feint.runs.store import jobs as queue
from feint.runs.store.database import Database


def main(arguments: Sequence[str]) -> int:
    """Run a job.

    Args:
        arguments: its id, its specification, where runs and victims lie, and the store's address.

    Returns:
        The command's exit code.
    """
    job, spec, runs, victims, address = arguments
    log = Path(spec).with_suffix(".log")
    begun = log.stat().st_size if log.exists() else 0
    with contextlib.suppress(OSError):
        os.nice(5)  # whoever looks at a page goes first
    code = cli.main(["run", spec, "--out", runs, "--victims", victims])
    told = log.read_bytes()[begun:].decode("utf-8", "replace") if log.exists() else ""
    values: dict[str, Any] = {"message": _last(told)}
    if code == 0:
        values |= {"state": queue.DONE, "message": "", "progress": 1.0}
    elif code == cli.INTERRUPTED:
        values |= {"state": queue.CANCELLED, "message": ""}
    else:
        values |= {"state": queue.FAILED}
    if found := re.findall(r"^report: (.+)[/\\]report\.html$", told, re.MULTILINE):
        values |= {"folder": found[-1], "run_id": Path(found[-1]).name}
    with contextlib.suppress(FeintError):
        database = Database.open(address or None)
        with database.writing() as connection:
            queue.change(connection, job, **values)
        database.close()
    return code


def _last(told: str) -> str:
    """The last line that says what was wrong."""
    lines = [line for line in re.split(r"[\r\n]+", told) if line.startswith("feint: ")]
    return lines[-1].removeprefix("feint: ") if lines else "it ended without a word"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
