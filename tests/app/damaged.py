"""Cards of victims, and files of `feint run`, to be damaged; read as far as that goes without computing."""

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from tests.data.mutations import mutated

from feint.app import run
from feint.errors import FeintError
from feint.experiments.audit import AUDIT
from feint.experiments.latent import LATENT
from feint.experiments.training import TRAINING
from feint.runs.experiment import Experiment
from feint.runs.machine import Machine
from feint.runs.programs import check_programs
from feint.runs.runners import local
from feint.runs.settings import RunSettings
from feint.threats.things import check_words

from .changed import change, change_one

FEW = {"limit": 20}
DOCUMENTS: list[Any] = [
    {
        "experiment": "audit",
        "data": {"limit": 20, "split": "test"},
        "victim": {"card": "small", "estimator": {"name": "softmax", "temperature": 2}},
        "attack": {"name": "ace", "search": {"name": "backtracking", "decay": 0.5}},
        "radii": ["1/255", 0.1],
        "threads": 1,
    },
    {
        "experiment": "detect",
        "data": FEW,
        "victims": ["small"],
        "attacks": ["bim:steps=3"],
        "radii": [0.1],
        "sweep": {"grid": {"seed": [0, 1], "data.limit": [10, 20]}, "list": [{"batch_size": 5}]},
    },
]
SPLICED = [
    *("[" * 5000, "9" * 5000, "2020-13-45", "!!python/name:os.system x", "&a [*a]", "? [1]\n", "!!binary x", "\0"),
    *('"\\ud800"', "1e999", "!!float x", "!!int x", "<<: 3\n", "{}: ", "{[a]: b}", "!!set {a}", "0o9", "1:99:99"),
]
"""Text that is hard on a reader of YAML or JSON."""


@cache
def kept() -> TemporaryDirectory[str]:
    """The folder of a classifier and an autoencoder, trained once."""
    folder = TemporaryDirectory(prefix="feint-trained-")
    for name, network in (("small", "digits"), ("vae", "vae")):
        values = {"name": name, "network": network, "data": FEW, "test": FEW, "recipe": {"epochs": 1}, "threads": 1}
        with TemporaryDirectory() as runs:
            local.run(TRAINING, TRAINING.settings.parse(values), runs, victims=Path(folder.name), progress=False)
    return folder


def trained(folder: Path) -> Path:
    """The folder of both, from damage left by nobody."""
    victims = folder / "victims"
    shutil.rmtree(victims, ignore_errors=True)
    shutil.copytree(kept().name, victims)
    return victims


def card(name: str) -> Callable[[Path], Path]:
    """The card of a victim."""
    return lambda folder: trained(folder) / name / "card.json"


def experiments(folder: Path) -> Path:
    """A file of experiments, one of them a sweep."""
    trained(folder)
    path = folder / "all.yaml"
    path.write_text(yaml.safe_dump_all(DOCUMENTS))
    return path


SETTINGS: dict[str, Callable[[Path], Path]] = {
    "card of a classifier": card("small"),
    "card of an autoencoder": card("vae"),
    "YAML of feint run": experiments,
}


def damage(path: Path, rng: Random) -> None:
    """Damage a file in place: a value, its bytes, or something hard to read in the middle of it."""
    if rng.random() < 0.3:
        text = path.read_text()
        at = rng.choice([place for place, letter in enumerate(text) if letter in " \n:,["]) + 1
        path.write_text(text[:at] + rng.choice(SPLICED) + text[at:])
    elif path.suffix == ".json":
        change(path, rng)
    elif rng.random() < 0.3:
        path.write_bytes(mutated(path.read_bytes(), rng))
    else:
        documents = list(yaml.safe_load_all(path.read_text()))
        for _ in range(rng.choice([1, 1, 2])):
            change_one(documents[rng.randrange(len(documents))], rng)
        path.write_text(yaml.safe_dump_all(documents))


def read(path: Path) -> str | None:
    """Prepare what it is for; the message where that cannot be done."""
    try:
        if path.suffix == ".yaml":
            for experiment, settings in list(run.read(path)):
                check_programs(settings, str(path))
                check_words(settings)
                _prepare(experiment, settings, path.parent / "victims")
        elif path.parent.name == "vae":
            _prepare(LATENT, {"autoencoder": "vae", "victims": ["small"]}, path.parents[1])
        else:
            _prepare(AUDIT, {"victim": "small", "radii": [0.1]}, path.parents[1])
    except FeintError as error:
        return str(error)
    return None


def _prepare(experiment: Experiment[Any], settings: RunSettings | Mapping[str, Any], victims: Path) -> None:
    if not isinstance(settings, RunSettings):
        settings = experiment.settings.parse({"data": FEW, "threads": 1, **settings})
    experiment.prepare(settings, Machine.find(settings, victims=victims))
