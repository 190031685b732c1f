"""The store's face: what the command line and the workbench call. Every call is one transaction.

What reads run folders is imported where something is written: a list of runs needs none of it.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, final

from sqlalchemy import select

from feint.errors import StoreError
from feint.runs.folder import files

from . import jobs, listing, notes
from .database import Database
from .figures import Metric
from .jobs import Job
from .listing import Known, Listed, Wanted
from .schema import RUNS

if TYPE_CHECKING:
    from .entry import Entry

ALL = Wanted()
T = TypeVar("T")


@final
@dataclass(frozen=True)
class Rescanned:
    """What a rescan found.

    Attributes:
        found: how many runs.
        damaged: folders whose ``run.json`` is not as it was written, and why.
        gone: how many runs left the store, for their folders are gone.
    """

    found: int
    damaged: tuple[str, ...]
    gone: int


@final
class Store:
    """Runs, victims, data sets and jobs, found again.

    Safe to share among threads. Reading never waits for a writer.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str | None = None, *, wait: float = 30.0) -> "Store":
        """The store at an address, or the one that `place` names; made, or brought up to date, if need be.

        Args:
            url: ``sqlite:///FILE`` or ``postgresql://...``.
            wait: seconds to wait for another writer.

        Raises:
            FeintError: it cannot be opened.
        """
        return cls(Database.open(url, wait=wait))

    def close(self) -> None:
        """Give up its connections."""
        self.database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Runs

    def runs(self, wanted: Wanted = ALL) -> list[Listed]:
        """Runs that fit, in the order asked for."""
        with self.database.reading() as connection:
            return listing.runs(connection, wanted)

    def count(self, wanted: Wanted = ALL) -> int:
        """How many fit, whatever the limit."""
        with self.database.reading() as connection:
            return listing.count(connection, wanted)

    def find(self, name: str) -> Listed:
        """The run of an id, the beginning of one, or a folder.

        Raises:
            StoreError: there is none, or several.
        """
        with self.database.reading() as connection:
            return listing.find(connection, name)

    def show(self, name: str) -> Known:
        """Everything about a run, named as for `find`."""
        with self.database.reading() as connection:
            return listing.known(connection, listing.find(connection, name))

    def metrics(self, runs: Collection[Listed], names: Collection[str] | None = None) -> dict[int, list[Metric]]:
        """What can be compared, by the runs' keys; of some names only."""
        with self.database.reading() as connection:
            return listing.metrics(connection, [run.key for run in runs], names)

    def victims(self) -> list[dict[str, Any]]:
        """Every victim: key, name, hash, estimator, runs, last."""
        with self.database.reading() as connection:
            return listing.victims(connection)

    def data_sets(self) -> list[dict[str, Any]]:
        """Every data set: hash, source, classes, shape, runs, last."""
        with self.database.reading() as connection:
            return listing.data_sets(connection)

    # What keeps it up to date

    def take_in(self, *, wait: float | None = None) -> int:
        """Read the notes that runs have left; how many.

        Args:
            wait: seconds to wait for another writer; 0 for not at all.

        Raises:
            StoreError: the store cannot be written; the notes stay.
        """
        if not notes.waiting():
            return 0
        from .register import register

        done = 0
        with notes.taken() as found, self.database.writing(wait) as connection:
            for note in found:
                if (entry := _read(Path(note.folder))) is not None:
                    register(connection, entry, note.cwd)
                    done += 1
        return done

    def refresh(self) -> None:
        """Take in notes, and look again at runs that were under way; what cannot be written now is left for later."""
        try:
            self.take_in(wait=0.0)
            with self.database.reading() as connection:
                query = select(RUNS.c.key, RUNS.c.folder).where(RUNS.c.state != "complete")
                under_way = {Path(folder): int(key) for key, folder in connection.execute(query)}
            over = [folder for folder in under_way if _complete(folder)]
            gone = [key for folder, key in under_way.items() if not (folder / "run.json").exists()]
            if not over and not gone:
                return
            from .register import forget, register

            found = [entry for folder in over if (entry := _read(folder)) is not None]
            with self.database.writing(0.0) as connection:
                for entry in found:
                    register(connection, entry)
                forget(connection, gone)
        except StoreError:
            return

    def register(self, folder: Path) -> Listed:
        """Put a run into the store, or bring it up to date.

        Raises:
            StoreError: it is none, or the store cannot be written.
        """
        from .entry import Entry
        from .register import register

        entry = Entry.read(folder)
        with self.database.writing() as connection:
            register(connection, entry)
            return listing.find(connection, str(folder.absolute()))

    def rescan(self, root: Path, progress: Callable[[int], object] = lambda _: None) -> Rescanned:
        """Build the store again from the run folders in a folder; runs known to lie there and gone are forgotten.

        Args:
            root: a folder of runs, or a run's.
            progress: told how many were read.

        Raises:
            StoreError: the folder cannot be read, or the store not written.
        """
        from .entry import Entry, folders
        from .register import forget, register

        root = root.absolute()
        seen: set[str] = set()
        damaged: list[str] = []
        for some in _batched(folders(root), 200):
            with self.database.writing() as connection:
                for folder in some:
                    try:
                        entry = Entry.read(folder)
                    except StoreError as error:
                        damaged.append(str(error))
                        continue
                    register(connection, entry)
                    seen.add(str(folder))
            progress(len(seen))
        with self.database.reading() as connection:
            rows = connection.execute(select(RUNS.c.key, RUNS.c.folder)).all()
        known = {str(folder): int(key) for key, folder in rows if Path(folder).is_relative_to(root)}
        gone = [key for folder, key in known.items() if folder not in seen and _read(Path(folder)) is None]
        if gone:
            with self.database.writing() as connection:
                for keys in _batched(gone, 500):
                    forget(connection, keys)
        return Rescanned(len(seen), tuple(damaged), len(gone))

    def forget(self, runs: Sequence[Listed]) -> None:
        """Take runs out of the store; their folders stay."""
        from .register import forget

        with self.database.writing() as connection:
            forget(connection, [run.key for run in runs])

    # Jobs

    def add_job(self, spec: Mapping[str, Any], owner: str = "") -> Job:
        """Queue a job: what ``feint run`` would read, as JSON."""
        with self.database.writing() as connection:
            return jobs.add(connection, spec, owner)

    def job(self, job: str) -> Job:
        """The job of an id.

        Raises:
            StoreError: there is none.
        """
        with self.database.reading() as connection:
            return jobs.get(connection, job)

    def jobs(
        self, states: Collection[str] = jobs.STATES, owner: str | None = None, limit: int | None = None
    ) -> list[Job]:
        """Jobs in these states, the latest first."""
        with self.database.reading() as connection:
            return jobs.jobs(connection, states, owner, limit)

    def claim_job(self, pid: int | None = None, log: str = "") -> Job | None:
        """Take the job that has waited longest, and mark it as running; None where none waits."""
        with self.database.writing() as connection:
            return jobs.claim(connection, os.getpid() if pid is None else pid, log)

    def change_job(self, job: str, **values: Any) -> Job:
        """Say how a job is now: state, progress, message, log, folder, run_id, pid.

        Raises:
            StoreError: there is no such job, or it has ended.
        """
        with self.database.writing() as connection:
            return jobs.change(connection, job, **values)

    def cancel_job(self, job: str) -> Job:
        """Ask to stop a job: one that waits is cancelled; whoever runs one sees ``cancel`` and stops it."""
        with self.database.writing() as connection:
            return jobs.cancel(connection, job)

    def requeue_job(self, job: str) -> Job:
        """Queue a job once more; its run goes on from what it has."""
        with self.database.writing() as connection:
            return jobs.again(connection, job)

    def remove_job(self, job: str) -> None:
        """Forget a job; its run stays."""
        with self.database.writing() as connection:
            jobs.remove(connection, job)

    def __repr__(self) -> str:
        return f"Store({self.database.url})"


def _complete(folder: Path) -> bool:
    """Whether a run that was under way has ended since."""
    return (files.read_sealed(folder / "run.json") or {}).get("state") == "complete"


def _read(folder: Path) -> "Entry | None":
    """A run; None where none lies that can be read."""
    from .entry import Entry

    try:
        return Entry.read(folder)
    except StoreError:
        return None


def _batched(values: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Python 3.12's."""
    iterator = iter(values)
    while some := tuple(islice(iterator, size)):
        yield some
