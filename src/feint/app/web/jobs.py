"""Jobs: each a `feint run` in a process of its own, which outlives the server; the queue stands in the store."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from feint.errors import StoreError
from feint.runs.folder import files
from feint.runs.store import jobs as queue
from feint.runs.store.database import Database
from feint.runs.store.jobs import Job

AT_ONCE: Final = 1
"""Jobs that run at the same time; the others wait."""
GRACE: Final = 10.0
"""Seconds that a job has to end by itself when it is cancelled."""
TAIL: Final = 20_000
"""Bytes of a log that are shown."""


@final
@dataclass(frozen=True)
class Progress:
    """How far a job is: its stage, the share of it that is done, and how long it will take, as its bar says."""

    stage: str
    share: float
    left: str


@final
class Jobs:
    """The jobs of a workbench.

    Args:
        folder: where their specifications and logs lie.
        runs: where their runs go.
        victims: where trained victims lie.
        address: of the store; None for the user's own.
    """

    def __init__(self, folder: Path, runs: Path, victims: Path, address: str | None = None) -> None:
        self._folder = folder
        self._runs = runs
        self._victims = victims
        self._address = address
        self._opened: Database | None = None
        self._asked: dict[str, float] = {}
        self._begun: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def owner(self) -> str:
        """Whose jobs these are: those of the same folder of runs, whichever server asks."""
        return str(self._runs)

    @property
    def database(self) -> Database:
        """The store's, opened when it is first needed."""
        if self._opened is None:
            self._opened = Database.open(self._address)
        return self._opened

    def submit(self, spec: Mapping[str, Any]) -> Job:
        """Queue what ``feint run`` reads."""
        with self.database.writing() as connection:
            return queue.add(connection, spec, self.owner)

    def listed(self) -> list[Job]:
        """All of them, the latest first."""
        with self.database.reading() as connection:
            return queue.jobs(connection, owner=self.owner, limit=200)

    def get(self, job: str) -> Job:
        """One of them.

        Raises:
            StoreError: there is none.
        """
        with self.database.reading() as connection:
            found = queue.get(connection, job)
        if found.owner != self.owner:
            raise StoreError(f"job: expected one that the store knows, got {job!r}")
        return found

    def cancel(self, job: str) -> Job:
        """Ask to stop it."""
        self.get(job)
        with self.database.writing() as connection:
            return queue.cancel(connection, job)

    def again(self, job: str) -> Job:
        """Queue it once more: its run goes on from what it has.

        Raises:
            StoreError: it waits or runs already.
        """
        found = self.get(job)
        if found.state in (queue.QUEUED, queue.RUNNING):
            raise StoreError(f"job {job}: expected one that has ended, got one that is {found.state}")
        with self.database.writing() as connection:
            return queue.again(connection, job)

    def log(self, job: str) -> str:
        """The end of what it printed, each bar as it stood last."""
        try:
            with (self._folder / f"{self.get(job).id}.log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))
        moving = [bool(re.search(r"\d%\|", line)) for line in lines] + [False]
        return "\n".join(
            line for line, bar, next_bar in zip(lines, moving, moving[1:], strict=False) if not (bar and next_bar)
        )

    def progress(self, job: str) -> Progress | None:
        """As its bar says; None where there is none yet."""
        bars = re.findall(
            r"^([\w -]+): +(\d+)%\|[^|]*\| *[\d.]+\S*/[\d.]+\S* +\[[^<\]]*<([^,\]]*)", self.log(job), re.MULTILINE
        )
        if not bars:
            return None
        stage, share, left = bars[-1]
        return Progress(stage.strip(), int(share) / 100, left if left != "?" else "")

    def run_of(self, job: Job) -> str:
        """The id of its run: as it said, or, while it runs, the one whose command is its."""
        if job.run_id:
            return job.run_id
        spec = str(self._folder / f"{job.id}.yaml")
        for place in sorted(self._runs.glob("*/run.json"), key=lambda each: -each.stat().st_mtime)[:20]:
            if spec in str((files.read_sealed(place) or {}).get("command", "")):
                return place.parent.name
        return ""

    def tick(self) -> None:
        """Look after them: stop what is to be stopped, notice what has gone, start what waits."""
        running = [job for job in self.listed() if job.state == queue.RUNNING]
        self._asked = {job: since for job, since in self._asked.items() if job in {each.id for each in running}}
        for job in running:
            process = self._begun.get(job.id)
            if process is not None:
                process.poll()
            alive = job.pid is not None and _is_alive(job.pid, job.id)
            if job.cancel and alive:
                self._stop(job)
            elif not alive and self._is_still(job):
                state, told = (
                    (queue.CANCELLED, "") if job.cancel else (queue.FAILED, "its process has gone; resume goes on")
                )
                self._change(job.id, state=state, message=told)
        if len([job for job in self.listed() if job.state == queue.RUNNING]) < AT_ONCE:
            self._start()

    def _is_still(self, job: Job) -> bool:
        """Whether it counts as running although its process has gone, and had the time to say how it ended."""
        return self.get(job.id).state == queue.RUNNING and time.time() - (job.started or 0) > 2

    def _start(self) -> None:
        with self.database.writing() as connection:
            waiting = queue.jobs(connection, [queue.QUEUED], owner=self.owner)
            if not waiting:
                return
            job = queue.change(connection, waiting[-1].id, state=queue.RUNNING)
        spec, log = (self._folder / f"{job.id}.{end}" for end in ("yaml", "log"))
        files.write_bytes(spec, json.dumps(dict(job.spec), indent=2).encode())
        # In a session of its own: it goes on when the server ends.
        where = [job.id, str(spec), str(self._runs), str(self._victims), self._address or ""]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "feint.app.web.job", *where],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._begun[job.id] = process
        self._change(job.id, pid=process.pid, log=str(log))

    def _stop(self, job: Job) -> None:
        """Ask it to end, and a little later end it."""
        assert job.pid is not None
        first = self._asked.setdefault(job.id, time.monotonic())
        late = time.monotonic() - first > GRACE
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if late or time.monotonic() - first < 0.5:
                os.killpg(job.pid, signal.SIGKILL if late else signal.SIGINT)

    def _change(self, job: str, **values: Any) -> None:
        with contextlib.suppress(StoreError), self.database.writing() as connection:  # it may have ended just now
            queue.change(connection, job, **values)

    def close(self) -> None:
        """Let go of the store; jobs go on."""
        if self._opened is not None:
            self._opened.close()


def _is_alive(pid: int, job: str) -> bool:
    """Whether a process is there and is this job's: numbers of processes are used again."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        try:  # a system without /proc
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    except OSError:
        return False
    return job.encode() in line
