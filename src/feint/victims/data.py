"""From settings to data."""

from collections.abc import Sequence

from feint import data
from feint.data import Dataset
from feint.errors import SpecError
from feint.runs.machine import Machine

from .picture import is_picture, open_picture
from .settings import DataSettings, VictimSettings


def load_data(settings: DataSettings, machine: Machine, *, pictures: bool = False) -> Dataset:
    """The inputs of these settings.

    Args:
        settings: which.
        machine: has what was handed in as an object.
        pictures: whether a single picture will do, whose label nobody knows.

    Raises:
        DataError: they cannot be read.
    """
    if settings.source in machine.given:
        dataset: Dataset = machine.given[settings.source]
    elif pictures and is_picture(settings.source):
        dataset = open_picture(settings.source, resize=settings.resize, crop=settings.crop)
    else:
        if not settings.source:
            raise SpecError("data: expected a source, got none")
        dataset = data.load(
            settings.source,
            split=settings.split,
            resize=settings.resize,
            crop=settings.crop,
            on_error=settings.on_error,
            channels=settings.channels,
        )
    if settings.first is not None:
        return dataset.take(0, settings.first)
    return dataset if settings.limit is None else dataset.sample(settings.limit)


def matched(dataset: Dataset, victims: Sequence[VictimSettings]) -> Dataset:
    """The same data with their classes numbered as the victims number them: by name, where cards have names.

    Raises:
        DataError: data with a class that a victim does not have; the message has both lists.
        SpecError: victims that number classes differently.
    """
    lists = list(dict.fromkeys(victim.classes for victim in victims if victim.classes))
    if len(lists) > 1:
        first, second = (", ".join(names[:5]) for names in lists[:2])
        raise SpecError(f"victims: expected the same classes in the same order, got {first} ... and {second} ...")
    return dataset.matched(lists[0]) if lists else dataset
