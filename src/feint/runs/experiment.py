"""An experiment is one value: what can be asked, how it is computed, and what its records say."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from .settings import RunSettings

if TYPE_CHECKING:
    from feint.reports import Report

    from .machine import Machine
    from .run import Run
    from .work import Work

S = TypeVar("S", bound=RunSettings)


@final
@dataclass(frozen=True)
class Experiment(Generic[S]):
    """Everything else is written once, for all experiments: command, YAML, run folder, resuming, report, JSON.

    Attributes:
        name: of its command.
        settings: the type of what can be asked.
        home: the package with its code: ``work.prepare``, ``summary.summarise`` and ``report.report``, imported when
            they are needed, so that to know an experiment costs nothing.
        trains: whether it writes victims too.
    """

    name: str
    settings: type[S]
    home: str
    trains: bool = False

    def prepare(self, settings: S, machine: "Machine") -> "Work":
        """What it will do, on this machine.

        Raises:
            FeintError: whatever a user can get wrong.
        """
        return import_module(f"{self.home}.work").prepare(settings, machine)

    def summarise(self, run: "Run") -> Mapping[str, Any]:
        """What its records say, as JSON; a pure function of the run."""
        return import_module(f"{self.home}.summary").summarise(run)

    def report(self, run: "Run", summary: Mapping[str, Any]) -> "Report":
        """What it tells a person; a pure function of the run."""
        return import_module(f"{self.home}.report").report(run, summary)
