"""The classifier that an experiment is about: the user's networks, a trained victim, or the embedded one."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import torch
from torch import nn

from feint import catalog, networks
from feint.data import Batch, Dataset
from feint.errors import DataError, NotApplicable, SpecError
from feint.estimators import DeepEnsemble, predict
from feint.predictive import Categorical
from feint.protocols import Estimator, Measure
from feint.runs import things
from feint.runs.machine import Machine

from .cards import data_on_card, read_victim
from .loading import embedded
from .loading.fitting import DIGITS, fitted_to, load_fitting
from .loading.given import is_estimator, is_stochastic, redrawn
from .loading.networks import load_members, load_whole
from .settings import AS_ON_CARD, EstimatorWord, VictimSettings
from .whole import SURROUNDINGS, is_whole, predicting

SOFTMAX = EstimatorWord(name="softmax")


@final
@dataclass(frozen=True, eq=False)
class Victim:
    """A classifier, ready to predict.

    Attributes:
        settings: what it was made from, resolved.
        load: gives its networks, on their device.
        classes: the names of its classes, by label.
        seed: of its draws.
        shape: of the images that it sees: channels, height, width.
        device: where its networks are.
        made_from: identifies its networks where they are not there yet; None to go by the networks themselves.
        asked: an estimator that was handed in, in place of one made from settings.
        fitting: the images that its estimator is fitted to, where it is one of those.
    """

    settings: VictimSettings
    load: Callable[[], Sequence[nn.Module]]
    classes: tuple[str, ...]
    seed: int
    shape: tuple[int, int, int]
    device: str
    made_from: Any = None
    asked: nn.Module | None = None
    fitting: Dataset | None = None

    @cached_property
    def members(self) -> Sequence[nn.Module]:
        """Its networks."""
        return self.load()

    @property
    def name(self) -> str:
        """What to call it."""
        return self.settings.title

    @property
    def stochastic(self) -> bool:
        """Whether other draws give another prediction."""
        if self.asked is not None:
            return is_stochastic(self.asked)
        kind = things.loaded(catalog.ESTIMATORS[(self.settings.estimator or SOFTMAX).name])
        return getattr(kind, "stochastic", False)

    @property
    def default_measure(self) -> str:
        """The measure that ranks its inputs unless another is named: the papers' choice for its kind."""
        return "predictive_entropy" if self.stochastic else "max_probability"

    def estimator(self, redraw: int = 0) -> Estimator:
        """What predicts; with another `redraw` a stochastic victim draws afresh."""
        if self.asked is not None:
            return redrawn(self.asked, redraw)
        if redraw not in self._estimators:
            seed = self.seed + redraw
            self._estimators[redraw] = estimator_of(self.settings, self.members, seed=seed, fitting=self.fitting)
        return self._estimators[redraw]

    @cached_property
    def _estimators(self) -> dict[int, Estimator]:
        """Those that were asked for: each tries its network once, such as for the order in memory that it can take."""
        return {}

    def but(self, **estimator: Any) -> "Victim":
        """The same networks with other settings of their estimator."""
        word = self.settings.estimator or SOFTMAX
        word = word.but(settings={**word.settings, **estimator})
        return replace(self, settings=self.settings.but(estimator=word), load=lambda: self.members)

    def under(self, estimator: EstimatorWord, fitting: Dataset | None = None) -> "Victim":
        """The same networks, which are not loaded again, behind another estimator.

        Args:
            estimator: with all its settings (``completed_estimator``).
            fitting: what it is fitted to, if it is (``fitting.load_fitting``).
        """
        settings = self.settings.but(estimator=estimator)
        return replace(self, settings=settings, load=lambda: self.members, fitting=fitting)

    @cached_property
    def example(self) -> Categorical:
        """What it says of two grey images: which measures its kind of prediction has.

        Raises:
            NetworkError: it is asked for MC dropout and no dropout acts in it.
        """
        grey = torch.full((2, *self.shape), 0.5, device=self.device)
        estimator = self.estimator() if self.made_from is None else self._untrained()
        return predict(estimator, grey, torch.arange(2, device=self.device), batch_size=2)

    def _untrained(self) -> Estimator:
        """The embedded victim before its training: it has the same kind of prediction."""
        network = networks.DigitNetwork().to(torch.device(self.device))
        return estimator_of(self.settings, [network], seed=self.seed, fitting=self.fitting)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures that its kind of prediction has."""
        return applicable_measures(self.example[:1])

    def check_measure(self, name: str) -> None:
        """Raise a NotApplicable for a measure that it does not have."""
        measure(name)(self.example[:1])

    def check_labels(self, batch: Batch) -> None:
        """Raise a DataError for a label that it does not have."""
        strange = (batch.targets < 0) | (batch.targets >= len(self.classes))
        if strange.any():
            first = int(strange.nonzero()[0])
            raise DataError(
                f"labels: expected 0 to {len(self.classes) - 1}, for {self.name} has {len(self.classes)} classes; "
                f"got {int(batch.targets[first])} for sample {int(batch.samples[first])}"
            )

    def identity(self) -> Any:
        """Identifies what all members are and do, and what their estimator is fitted to."""
        found = self.made_from or identity_of(self.members, self.shape, self.device)
        return found if self.fitting is None else {"networks": found, "fitted to": self.fitting.fingerprint()}


def identity_of(members: Sequence[nn.Module], shape: tuple[int, int, int], device: str) -> str:
    """A digest of networks' weights and of what they do with images: an edited ``forward`` is another run."""
    parts = [networks.fingerprint(member) + networks.behaviour(member, shape, device) for member in members]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def estimator_of(
    settings: VictimSettings, members: Sequence[nn.Module], *, seed: int, fitting: Dataset | None = None
) -> Estimator:
    """Turn networks into the estimator of these settings.

    Raises:
        SpecError: settings that the estimator does not have.
        InputError: images that it cannot be fitted to.
    """
    word = settings.estimator or SOFTMAX

    def one(index: int, member: nn.Module) -> Estimator:
        # Each member has masks of its own: seeds of members lie further apart than redraws do.
        found: Any = member if is_whole(word) else predicting(word, member, seed=seed + (index << 32))
        found.called = settings.networks[index].name if index < len(settings.networks) else settings.title
        if fitting is not None:
            found.fit(fitting)
        return found

    estimators = [one(index, member) for index, member in enumerate(members)]
    return estimators[0] if len(estimators) == 1 else DeepEnsemble(estimators, settings.average or "probability")


def resolved(settings: VictimSettings, machine: Machine) -> VictimSettings:
    """Settings with what a card says filled in.

    Raises:
        SpecError: there is no victim of that name, or settings that do not go together.
    """
    told, outputs, trained_on = settings.average, settings.outputs, None if settings.networks else DIGITS
    own = settings.estimator.settings.get("outputs", outputs) if settings.estimator else outputs
    if outputs is not None and own != outputs:
        raise SpecError(f"outputs: expected {own}, as the estimator says, got {outputs}")
    if settings.card is not None:
        card = read_victim(machine.victims, settings.card, allow_code=machine.allow_code)
        trained_on = (card.estimator and card.estimator.fit) or data_on_card(machine.victims, settings.card)
        said = {name: value for name in ("estimator", "average") if (value := getattr(settings, name)) is not None}
        known = card.estimator or SOFTMAX
        if settings.estimator and settings.estimator.name in (known.name, AS_ON_CARD):
            both = {**known.settings, **settings.estimator.settings}  # what is not said is as on the card
            said["estimator"] = known.but(settings=both, fit=settings.estimator.fit)
        settings = card.but(**said, name=settings.name or card.name, defenses=settings.defenses)
    several = len(settings.networks) > 1
    if told is not None and not several:
        raise SpecError(f"average: expected several networks, got {len(settings.networks) or 'the embedded one'}")
    average = (settings.average or "probability") if several else None  # a card says one of a single network, too
    estimator = fitted_to(completed_estimator(declared(settings.estimator or SOFTMAX, outputs)), trained_on)
    return settings.but(estimator=estimator, average=average, outputs=None)


def outputs_of(word: EstimatorWord | None) -> dict[str, Any]:
    """What an estimator's word declares of outputs, as settings: for another estimator of the same networks."""
    return {} if word is None or "outputs" not in word.settings else {"outputs": word.settings["outputs"]}


def declared(word: EstimatorWord, outputs: str | None) -> EstimatorWord:
    """An estimator's word with what the networks return, where that was said beside it.

    Raises:
        SpecError: the estimator takes no declaration.
    """
    if outputs is None:
        return word
    names = [each.name for each in things.settings_of(things.loaded(catalog.ESTIMATORS[word.name]))]
    if "outputs" not in names:
        raise SpecError(f"outputs: expected an estimator of networks that return logits, got {word.name}")
    return word.but(settings={**word.settings, "outputs": outputs})


def completed_estimator(word: EstimatorWord) -> EstimatorWord:
    """An estimator's word with all its settings, as its class reads them: however it was written, it is one run.

    Raises:
        SpecError: settings that it does not have.
    """
    thing = things.loaded(catalog.ESTIMATORS[word.name])
    values = things.read(thing, word.settings, what=f"estimator.{word.name}", apart=SURROUNDINGS, whole=True)
    return word.but(settings=values)


def load_victim(settings: VictimSettings, dataset: Dataset, machine: Machine, *, seed: int) -> Victim:
    """The victim of resolved settings, checked against the images that it will see.

    Raises:
        NetworkError: a network cannot be loaded, or does not map such images to logits of the same classes.
        SpecError: no network was named and the data are not the embedded digits.
    """
    common: dict[str, Any] = {"seed": seed, "shape": dataset.shape, "device": machine.device}
    common["fitting"] = load_fitting(settings.estimator or SOFTMAX, dataset, machine)
    if settings.networks and is_estimator(machine.given.get(settings.networks[0].name)):
        asked = machine.given[settings.networks[0].name].to(torch.device(machine.device))
        grey = torch.full((2, *dataset.shape), 0.5, device=machine.device)
        count = predict(asked, grey, torch.arange(2, device=machine.device)).log_probs.shape[-1]
        return Victim(settings, lambda: [asked], class_names(dataset, count), asked=asked, **common)
    if settings.networks and is_whole(settings.estimator or SOFTMAX):
        known = settings.classes or dataset.classes
        wholes = [load_whole(word, settings, len(known), dataset.shape, machine) for word in settings.networks]
        return Victim(settings, lambda: wholes, tuple(known), **common)
    if settings.networks:
        members = load_members(settings.networks, dataset.shape, machine)
        count = networks.check(members[0], dataset.shape, device=machine.device)
        return Victim(settings, lambda: members, class_names(dataset, count), **common)
    if dataset.name != "digits":
        raise SpecError(f"network: expected one for {dataset.name}, such as path/to/file.py:function; got none")

    def train() -> Sequence[nn.Module]:
        network = embedded.trained_digit_network(seed=seed, progress=machine.progress)
        return [network.to(torch.device(machine.device))]

    return Victim(settings, train, dataset.classes, made_from=embedded.identity(seed), **common)


def class_names(dataset: Dataset, count: int) -> tuple[str, ...]:
    """Names for so many classes: the data's, and numbers beyond them."""
    return tuple(dataset.classes[label] if label < len(dataset.classes) else str(label) for label in range(count))


def measure(name: str) -> Measure:
    """A measure of uncertainty, by name."""
    return things.loaded(catalog.MEASURES[name])


def applicable_measures(categorical: Categorical) -> tuple[str, ...]:
    """The names of the measures that this kind of prediction has."""
    names: list[str] = []
    for name in catalog.MEASURES:
        try:
            measure(name)(categorical)
        except NotApplicable:
            continue
        names.append(name)
    return tuple(names)
