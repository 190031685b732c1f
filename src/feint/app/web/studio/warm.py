"""Victims that stay loaded between questions, each with pictures that it is made for."""

import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from feint import data
from feint.data import Dataset
from feint.data.formats.arrays import Arrays
from feint.errors import FeintError, SpecError
from feint.runs.machine import Machine, find_threads
from feint.victims.cards import CARD, read_card
from feint.victims.data import load_data
from feint.victims.loading.fitting import load_fitting
from feint.victims.settings import DataSettings, VictimSettings
from feint.victims.victim import Victim, load_victim, resolved
from feint.victims.whole import is_whole

SEATS: Final = 8
"""Victims that are kept; the one that was not asked for longest goes first."""


@final
@dataclass(frozen=True, eq=False)
class Seat:
    """A victim, and images like those that it was made for; None where they are not there any more."""

    victim: Victim
    pictures: Dataset | None


@final
class Warm:
    """What the studio's process keeps.

    Args:
        victims: where trained victims lie.
    """

    def __init__(self, victims: str) -> None:
        self.machine = Machine("cpu", find_threads(None), victims=Path(victims))
        self._seats: OrderedDict[str, Seat] = OrderedDict()
        self._others: dict[str, Any] = {}

    def seat(self, told: Mapping[str, Any]) -> Seat:
        """A victim by its settings, loaded when it is first asked for.

        Raises:
            FeintError: whatever does not load or does not go together.
        """
        settings = VictimSettings.parse(told)
        key = json.dumps([settings.plain(), self._changed(settings.card)], sort_keys=True)
        if key not in self._seats:
            self._seats[key] = self._loaded(settings)
            while len(self._seats) > SEATS:
                self._seats.popitem(last=False)
        self._seats.move_to_end(key)
        return self._seats[key]

    def other(self, key: str, make: Any) -> Any:
        """Anything else that is slow to make, such as an autoencoder."""
        if key not in self._others:
            self._others[key] = make()
        return self._others[key]

    def _changed(self, card: str | None) -> int:
        try:
            return 0 if card is None else os.stat(self.machine.victims / card / CARD).st_mtime_ns
        except OSError:
            return 0

    def _loaded(self, settings: VictimSettings) -> Seat:
        full = resolved(settings, self.machine)
        bare = settings.but(estimator=None)
        asked = full.estimator
        if settings.estimator is not None and asked is not None and not is_whole(asked):
            base = self.seat(bare.plain())  # the same networks, asked in another way
            if not is_whole(base.victim.settings.estimator or asked):
                like = base.pictures if base.pictures is not None else self._blank(settings.card)
                same = base.victim.under(asked, load_fitting(asked, like, self.machine))
                _ = same.example  # what it cannot do is said now
                return Seat(same, base.pictures)
        pictures = self._pictures(settings.card)
        like = pictures if pictures is not None else self._blank(settings.card)
        victim = load_victim(full, like, self.machine, seed=0)
        _ = victim.members, victim.example
        return Seat(victim, pictures)

    def _pictures(self, card: str | None) -> Dataset | None:
        """Those that the card says it was measured on; of the embedded victim the digits."""
        if card is None:
            return data.load("digits", split="test")
        told: Any = read_card(self.machine.victims, card).get("measured_on")
        if not told:
            return None
        try:
            fields = {name: value for name, value in told.items() if name in DataSettings.model_fields}
            return load_data(DataSettings.parse(fields), self.machine)
        except (FeintError, OSError):
            return None

    def _blank(self, card: str | None) -> Dataset:
        """One grey image of the card's shape, where its data are gone."""
        told = read_card(self.machine.victims, card or "")
        try:
            channels, height, width = (int(side) for side in told["shape"])
            classes = [str(name) for name in told["classes"]]
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(f"victim: expected a card that says the shape of its images, got {card!r}") from error
        return Dataset(
            str(card), Arrays.of(np.full((1, height, width, channels), 128, np.uint8), np.zeros(1, np.int64), classes)
        )
