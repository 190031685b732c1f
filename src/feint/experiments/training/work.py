"""A training's work: of a victim, or of an autoencoder."""

from feint import catalog
from feint.data import Dataset
from feint.errors import SpecError
from feint.runs.folder.ledger import run_id
from feint.runs.machine import Machine
from feint.runs.work import Work
from feint.victims.cards import CARD, read_card
from feint.victims.data import load_data
from feint.victims.settings import DataSettings

from .autoencoder import Autoencoders
from .members import classifiers
from .settings import TrainingSettings


def prepare(settings: TrainingSettings, machine: Machine) -> Work:
    """What a training will do.

    Raises:
        FeintError: whatever does not load or does not go together; a name that is taken.
    """
    data, test = load_apart(settings.data, settings.tested, machine)
    settings = machine.settled(settings, data.shape, len(test))
    if settings.network.name in catalog.AUTOENCODERS:
        work = Autoencoders(settings, data, test, machine).work()
    else:
        work = classifiers(settings, data, test, machine)
    place = machine.victims / settings.name
    run = run_id("train", work.settings.plain(), work.identity)
    if (place / CARD).exists() and not machine.fresh and read_card(machine.victims, settings.name).get("run") != run:
        there = f"which is in {machine.victims} already (--fresh replaces it)"
        raise SpecError(f"name: expected a new one, got {settings.name!r}, {there}")
    return work


def load_apart(trained: DataSettings, tested: DataSettings, machine: Machine) -> tuple[Dataset, Dataset]:
    """The images to train on and those to test on, which must be others, whatever their settings say.

    Raises:
        DataError: they cannot be read.
        SpecError: images are in both.
    """
    data, test = load_data(trained, machine).readable(), load_data(tested, machine).readable()
    if data.overlaps(test):
        raise SpecError(
            f"test-data: expected other images than those trained on, got some of {trained.source} for both:"
            " name a --test-data, or a --test-split that it has"
        )
    return data, test
