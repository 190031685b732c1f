"""A run as its readers see it: what was asked, and what was found; nothing of it can be changed."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast, final

import numpy as np

from feint.errors import StoreError

from .experiment import Experiment
from .folder import files
from .folder.tables import Table
from .work import Array


@final
class Run:
    """A run folder, or as much of it as there is, read-only.

    Attributes:
        path: the folder.
        experiment: what was run.
    """

    def __init__(self, path: Path, experiment: Experiment[Any], state: Mapping[str, Any]) -> None:
        self.path = path
        self.experiment = experiment
        self._state = state

    @classmethod
    def load(cls, path: Path, experiment: Experiment[Any]) -> "Run":
        """A run that is complete.

        Raises:
            StoreError: there is none, it is incomplete, or of another experiment.
        """
        state = read_state(path)
        if state["experiment"] != experiment.name:
            raise StoreError(f"{path}: expected a run of {experiment.name}, got one of {state['experiment']}")
        if state["state"] != "complete":
            raise StoreError(f"{path} is incomplete; the same command goes on with it: {state['command']}")
        return cls(path, experiment, state)

    @property
    def id(self) -> str:
        """The run's id, which is also its folder's name."""
        return self.path.name

    @cached_property
    def settings(self) -> Any:
        """The resolved settings, of the experiment's own type."""
        return self.experiment.settings.parse(self._state["settings"])

    @property
    def about(self) -> Mapping[str, Any]:
        """What ``prepare`` said that readers need."""
        return self._state["about"]

    @property
    def command(self) -> str:
        """The command line that began it."""
        return self._state["command"]

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions that it was begun with."""
        return self._state["versions"]

    @cached_property
    def _entries(self) -> list[dict[str, Any]]:
        """The ledger's entries, stage by stage, piece by piece."""
        stages = cast(list[str], self._state["stages"])
        places = [place for stage in stages for place in in_order((self.path / "ledger" / stage).glob("*.json"))]
        return [entry for place in places if (entry := files.read_entry(place)) is not None]

    def _paths(self, prefix: str) -> list[Path]:
        return [self.path / name for entry in self._entries for name in entry["files"] if name.startswith(prefix)]

    @cached_property
    def skipped(self) -> list[list[str]]:
        """Where inputs stand that could not be read, and why; each once."""
        found: list[list[str]] = []
        for entry in self._entries:
            found += [each for each in entry["skipped"] if each not in found]
        return found

    def notes(self, stage: str) -> list[Mapping[str, Any]]:
        """What the pieces of a stage noted beside, in their order."""
        places = in_order((self.path / "ledger" / stage).glob("*.json"))
        return [entry["notes"] for place in places if (entry := files.read_entry(place)) is not None]

    def table(self, name: str) -> Table:
        """A table, by name."""
        return Table(name, self._paths(f"tables/{name}/"))

    def arrays(self, name: str, piece: str | None = None) -> dict[str, Array]:
        """The arrays of a name: those of one piece, or of the only one.

        Raises:
            StoreError: there are none, or they cannot be read.
        """
        paths = [path for path in self._paths(f"arrays/{name}/") if piece is None or path.stem == piece]
        if len(paths) != 1:
            raise StoreError(
                f"{self.path}: expected one file of arrays {name}, got {len(paths)}; run the same "
                "command again to make it anew"
            )
        try:
            with files.regular(paths[0]).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return {key: file[key] for key in file.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise StoreError(f"{paths[0]} cannot be read: {error}; run again to make it anew") from error

    def pieces(self, name: str) -> list[str]:
        """The pieces that have arrays of a name, in order."""
        return [path.stem for path in self._paths(f"arrays/{name}/")]

    @cached_property
    def children(self) -> dict[str, Mapping[str, Any]]:
        """Summaries of the runs that this one is made of, by name.

        Raises:
            StoreError: one cannot be read.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for path in self._paths("children/"):
            try:
                found[path.stem] = files.read_json(path)["summary"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StoreError(f"{path} cannot be read: {error}; run again to make it anew") from error
        return found

    @property
    def head(self) -> dict[str, str]:
        """Which run a summary is of."""
        return {"id": self.id, "folder": str(self.path), "command": self.command, **self.versions}

    @property
    def facts(self) -> dict[str, str]:
        """How it ran, for a report."""
        settings = self._state["settings"]
        return {
            "seed": str(settings["seed"]),
            "device, threads, batch size": f"{settings['device']}, {settings['threads']}, {settings['batch_size']}",
            "versions": ", ".join(f"{name} {version}" for name, version in self.versions.items()),
            "run": self.id,
        }


def in_order(places: Iterable[Path]) -> list[Path]:
    """Files of pieces as the pieces come: by their names, in which numbers count as numbers.

    >>> [place.stem for place in in_order([Path("00-10.json"), Path("00-9.json"), Path("01-0.json")])]
    ['00-9', '00-10', '01-0']
    """

    def parts(place: Path) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", place.stem)]

    return sorted(places, key=parts)


_STATE = {
    "experiment": str,
    "state": str,
    "settings": dict,
    "about": dict,
    "stages": list,
    "command": str,
    "versions": dict,
}
"""What ``run.json`` holds, by type."""


def read_state(path: Path) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises:
        StoreError: there is no run, or it does not say.
    """
    if not (path / "run.json").is_file():
        raise StoreError(f"{path} is not a run folder: it has no run.json")
    state = files.read_sealed(path / "run.json")
    if state is None or any(not isinstance(state.get(name), kind) for name, kind in _STATE.items()):
        raise StoreError(f"{path / 'run.json'} was damaged; run the command again, which makes it anew")
    return state
