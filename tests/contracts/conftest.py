"""Files for all experiments, a run of each that others are held against, and what makes many runs cheap."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from feint import catalog
from feint.runs.experiment import Experiment
from feint.runs.folder import ledger
from feint.runs.machine import Machine
from feint.runs.result import Result
from feint.runs.runners import local
from feint.runs.things import loaded

from ..shapes import unchecked
from .experiments import Case, Inputs, cases, write

EVERY = {**catalog.EXPERIMENTS, **catalog.PAPERS}


@dataclass
class Bench:
    """Runs of all experiments on the same files.

    Attributes:
        inputs: the files.
        folder: below which everything is run.
        known: runs that are there.
    """

    inputs: Inputs
    folder: Path
    known: dict[str, Result] = field(default_factory=dict)

    def experiment(self, name: str) -> Experiment[Any]:
        return loaded(EVERY[name])

    def case(self, name: str) -> Case:
        return cases(self.inputs)[name]

    def settings(self, name: str, values: Mapping[str, Any] | None = None) -> Any:
        return self.experiment(name).settings.parse(self.case(name).values if values is None else values)

    def victims(self, name: str, root: Path) -> Path:
        """Where victims are found; those that are trained here go elsewhere."""
        return root / "victims" if name == "train" else self.inputs.victims

    def run(self, name: str, root: Path) -> Result:
        """Run an experiment below a folder."""
        victims = self.victims(name, root)
        told = {"victims": victims, "allow_code": True, "progress": False}  # the cards name a file with networks
        return local.run(self.experiment(name), self.settings(name), root / "runs", **told)

    def reference(self, name: str) -> Result:
        """The run of an experiment, made once; nobody may change its folder."""
        if name not in self.known:
            self.known[name] = self.run(name, self.folder / name)
        return self.known[name]

    def copy_of(self, name: str, root: Path) -> Path:
        """The folder of a run of an experiment below another folder: of the reference, where nothing lies beside it."""
        if name == "train":
            return self.run(name, root).folder
        reference = self.reference(name)
        for each in sorted((self.folder / name).rglob("run.json")):
            shutil.copytree(each.parent, root / each.parent.relative_to(self.folder / name))
        return root / reference.folder.relative_to(self.folder / name)

    def id_of(self, name: str, settings: Any) -> str:
        """The id that a run of these settings would have."""
        victims = self.victims(name, self.folder / "nowhere")  # where no name is taken
        machine = Machine.find(settings, victims=victims, allow_code=True)
        with machine.steady():
            work = self.experiment(name).prepare(settings, machine)
        return ledger.run_id(name, work.settings.plain(), work.identity)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Images, networks, an attack, victims; runs come when they are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return Bench(write(tmp_path_factory.mktemp("inputs")), tmp_path_factory.mktemp("reference"))


@pytest.fixture(autouse=True)
def _whole_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """No shapes are checked in the runs of experiments."""
    with unchecked() if "bench" in request.fixturenames else nullcontext():
        yield


@dataclass
class Calls:
    """What stages computed: their names and their pieces'."""

    made: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Notes what is computed."""
    found, run_stage = Calls(), local._run_stage

    def noted(stage: Any, *arguments: Any) -> None:
        def compute(piece: Any, *others: Any) -> Any:
            found.made.append((stage.name, piece.name))
            return stage.compute(piece, *others)

        run_stage(replace(stage, compute=compute), *arguments)

    monkeypatch.setattr(local, "_run_stage", noted)
    return found


@pytest.fixture
def prepared_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets an experiment prepare the same settings only once: for tests that run it often, one after the other."""

    def call(name: str) -> None:
        for home in {loaded(EVERY[each]).home for each in (name, "audit")}:
            work, known = import_module(f"{home}.work"), dict[str, Any]()
            prepare = work.prepare

            def once(settings: Any, machine: Any, prepare: Any = prepare, known: Any = known) -> Any:
                said = settings.model_dump_json()
                if said not in known:
                    known[said] = prepare(settings, machine)
                return known[said]

            monkeypatch.setattr(work, "prepare", once)

    return call
