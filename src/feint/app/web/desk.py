"""What all pages and the API work with: the runs, the processes that read and compute, and where things lie."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final

from feint.errors import FeintError
from feint.reports import Report
from feint.runs.store.jobs import QUEUED, RUNNING
from feint.runs.store.store import Store
from feint.victims.cards import AUTOENCODER, CARD, check_cards, read_card

from . import admission
from .jobs import Jobs
from .shelf import Shelf
from .worker import Worker

REPORTS: Final = 16
"""Reports that are kept; the oldest go first."""
PATIENCE: Final = 30.0
"""Seconds until a store that could not be asked is asked again."""


@final
class Desk:
    """One workbench.

    Args:
        runs: where run folders of its jobs lie.
        victims: where trained victims lie.

    Attributes:
        shelf: the runs, there and wherever else the store knows some.
        state: what the workbench keeps itself: jobs and pictures.
        images: of them, the pictures.
        jobs: what runs beside.
        reader: the process that reads them.
        studio: the process that keeps networks warm.
    """

    def __init__(self, runs: Path, victims: Path) -> None:
        self.runs = runs.absolute()
        self.victims = victims  # as it was said, which is how messages name it
        self.shelf = Shelf(self.runs, self._elsewhere)
        self.state = self.runs / ".workbench"
        self.images = self.state / "images"
        self.reader = Worker("the reader", "feint.app.web.reading.runs:Reader")
        self.studio = Worker("the studio", "feint.app.web.studio.warm:Warm", victims=str(self.victims))
        self.jobs = Jobs(self.state / "jobs", self.runs, self.victims)
        self.tasks: list[asyncio.Task[None]] = []
        self._places: list[Path] = []
        self._again = 0.0
        self._things: dict[str, Any] = {}
        self._reports: OrderedDict[tuple[str, str], Report] = OrderedDict()

    def _elsewhere(self) -> list[Path]:
        """Where the store says that runs lie, or last said it, while it cannot be asked."""
        if time.monotonic() >= self._again:
            try:
                store = Store(self.jobs.database)
                store.refresh()
                self._places = [Path(each.folder) for each in store.runs()]
            except FeintError:
                self._again = time.monotonic() + PATIENCE
        return self._places

    async def report(self, run: str) -> Report:
        """A run's report, as it is now.

        Raises:
            FeintError: there is no such run, or not enough of it.
        """
        key = (run, self.shelf.signature(run))
        if key not in self._reports:
            self._reports[key] = await self.reader.call("feint.app.web.reading.runs:report", path=self.shelf.path(run))
            while len(self._reports) > REPORTS:
                self._reports.popitem(last=False)
        return self._reports[key]

    async def catalog(self) -> dict[str, Any]:
        """Attacks, estimators and architectures, with their settings."""
        if not self._things:
            self._things = await self.reader.call("feint.app.web.reading.things:known")
        return self._things

    def cards(self) -> dict[str, dict[str, Any]]:
        """The cards of all victims, by name; what cannot be read is left out."""
        found: dict[str, dict[str, Any]] = {}
        for place in sorted(self.victims.glob(f"*/{CARD}")):
            with suppress(FeintError):
                if not place.parent.name.startswith("."):
                    found[place.parent.name] = read_card(self.victims, place.parent.name)
        return found

    def victim_names(self) -> list[str]:
        """The trained classifiers."""
        return [name for name, card in self.cards().items() if card.get("kind") != AUTOENCODER]

    def check(self, experiment: str, values: Mapping[str, Any]) -> None:
        """Refuse a job that may not be asked for, or whose victims are neither there nor trained by one before it.

        Raises:
            FeintError: as the command line says it.
        """
        _, asked = admission.settings(experiment, values)
        before = [job.spec for job in self.jobs.listed() if job.state in (QUEUED, RUNNING)]
        coming = {str(spec.get("name")) for spec in before if spec.get("experiment") == "train"}
        check_cards(asked, self.victims, coming=coming)
        papers: Any = (getattr(asked, "victim", None), *(getattr(asked, "trained", None) or ()))
        for name in papers:  # whose victims are named, and no more
            if isinstance(name, str) and name not in coming:
                read_card(self.victims, name, classifiers=True)

    def close(self) -> None:
        """End the processes; jobs go on."""
        for task in self.tasks:
            task.cancel()
        self.reader.stop()
        self.studio.stop()
        self.jobs.close()
