"""A run by class: what MC dropout says of clean and of attacked images, judged by fresh draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint import catalog
from feint.errors import SpecError
from feint.estimators import predict
from feint.predictive import Categorical, draws_last
from feint.runs import things
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Found, Piece, Stage, Work
from feint.threats.labels import LabelThreat, clean_prediction
from feint.threats.ready import on_confidence, ready
from feint.threats.settings import ThreatWord
from feint.threats.things import build, code_of, completed
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts_of
from feint.victims.settings import EstimatorWord, VictimSettings
from feint.victims.victim import SOFTMAX, Victim, load_victim, outputs_of, resolved
from feint.victims.walk import Walk
from feint.victims.whole import is_whole

from .settings import PerClassSettings

CLEAN = "clean"
FAR: Mapping[str, tuple[float, ...]] = {"l2": (4.0,), "perceptual": (20.0,)}
"""How far attacks may go whose distance is another than L-infinity."""
_arrow: Any = pa  # its stubs leave types unknown
_TEXT = pa.dictionary(pa.int32(), pa.string())
RECORDS = pa.schema(
    [
        pa.field("victim", pa.int64(), nullable=False),
        pa.field("condition", _TEXT, nullable=False),
        pa.field("radius", pa.float64(), nullable=False),
        pa.field("sample", pa.int64(), nullable=False),
        pa.field("label", pa.int64(), nullable=False),
        pa.field("prediction", pa.int64(), nullable=False),
        pa.field("softmax", pa.float64(), nullable=False),
        pa.field("variance", pa.float64(), nullable=False),
        pa.field("native", pa.float64()),
        pa.field("directionless", pa.bool_(), nullable=False),
    ]
)
"""One row per image and condition: mean and variance of the true class's softmax over the passes; the victim's own
uncertainty where it has a single pass, whose variance says nothing, else null; and whether all gradients that the
attack took were zero everywhere."""


def prepare(settings: PerClassSettings, machine: Machine) -> Work:
    """What a run by class will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    dataset = load_data(settings.data, machine)
    victims = tuple(drawing(each, settings.passes, machine) for each in settings.victims)
    if settings.rates:
        victims = tuple(at_rate(victims[0], rate) for rate in settings.rates)
    words = tuple(complete(word, settings) for word in settings.attacks)
    settings = settings.but(
        victims=victims, rates=(), attacks=words, attack_passes=settings.attack_passes or settings.passes
    )
    dataset = matched(dataset, settings.victims)
    settings = machine.settled(settings, dataset.shape, len(dataset))
    loaded = [load_victim(each, dataset, machine, seed=settings.seed) for each in settings.victims]
    faced: list[tuple[Victim, Victim, Sequence[LabelThreat]]] = []
    for victim in loaded:
        own = is_whole(victim.settings.estimator or SOFTMAX)
        if own and settings.attack_passes != settings.passes:
            raise SpecError(f"attack-passes: expected as many as passes, of {victim.name}, which has no dropout")
        seen = victim if own else victim.but(draws=settings.attack_passes)
        check_alone(victim)
        _ = victim.measures  # what cannot draw says so here
        threats = [ready(word, seen, machine, batch_size=settings.size) for word in settings.attacks]
        faced.append((victim, seen, [threat for threat in threats if isinstance(threat, LabelThreat)]))
    work = PerClass(settings, faced, Walk(dataset, settings.size, len(loaded)))
    return Work(
        settings=settings,
        identity={
            "images": dataset.fingerprint(),
            "weights": [victim.identity() for victim in loaded],
            "code": [code_of(word) for word in settings.attacks],
        },
        about={
            "data": dataset.name,
            "images": len(dataset),
            "shape": list(dataset.shape),
            "classes": list(dataset.classes),
            "victims": [victim.name for victim in loaded],
            "outputs": [len(victim.classes) for victim in loaded],
            "warnings": doubts_of(loaded, dataset),
        },
        stages=[work.stage],
    )


def drawing(victim: VictimSettings, passes: int, machine: Machine) -> VictimSettings:
    """A victim as it is asked here: with MC dropout of so many passes, or as it was trained with a head of its own.

    Raises:
        SpecError: another number of draws.
    """
    said = victim.estimator.settings.get("draws") if victim.estimator is not None else None
    if said is not None and str(said) != str(passes):
        raise SpecError(f"estimator: expected draws to be left to passes, got draws={said}")
    found = resolved(victim, machine)
    if found.estimator is not None and is_whole(found.estimator):
        draws = {"draws": passes} if "draws" in found.estimator.settings else {}
        word = found.estimator.but(settings={**found.estimator.settings, **draws})
        return found.but(estimator=word, name=found.title)
    own = found.estimator.settings if found.estimator is not None and found.estimator.name == "mc-dropout" else {}
    own = {**outputs_of(found.estimator), **own}
    mc = EstimatorWord(name="mc-dropout", settings={**own, "draws": passes})
    return found.but(estimator=mc, name=found.title)


def at_rate(victim: VictimSettings, rate: float) -> VictimSettings:
    """The same weights with dropout at another rate.

    Raises:
        SpecError: a network whose dropout cannot be set: not a built-in architecture with one.
    """
    if not victim.networks:
        raise SpecError("rates: expected a victim with networks of its own (--victim or --network), got none")
    for network in victim.networks:
        if network.name not in catalog.ARCHITECTURES:
            raise SpecError(f"rates: expected a built-in architecture, got {network.name}")
        factory = things.loaded(catalog.ARCHITECTURES[network.name])
        if not any(each.name == "dropout" for each in things.settings_of(factory)):
            raise SpecError(f"rates: expected an architecture with a rate of dropout, got {network.name}")
    networks = tuple(each.but(settings={**each.settings, "dropout": rate}) for each in victim.networks)
    return victim.but(networks=networks, name=f"{victim.title}, dropout {rate:g}")


def complete(word: ThreatWord, settings: PerClassSettings) -> ThreatWord:
    """An attack on labels with all its settings, and as far as it goes.

    Raises:
        SpecError: an attack that keeps labels.
    """
    if on_confidence(word):
        raise SpecError(f"attacks: expected attacks on labels, got {word.title}, which keeps them")
    radii = word.radii or FAR.get(build(word, seed=settings.seed).distance, settings.radii)
    return completed(word, seed=settings.seed).but(radii=radii, goal="labels")


@final
@dataclass(frozen=True, eq=False)
class PerClass:
    """How each part is computed.

    Attributes:
        settings: resolved.
        faced: by victim: as it judges, as attacks see it, and the attacks.
        walk: the images, in parts for each victim.
    """

    settings: PerClassSettings
    faced: Sequence[tuple[Victim, Victim, Sequence[LabelThreat]]]
    walk: Walk

    @property
    def stage(self) -> Stage:
        """The records, part by part, for one victim after the other."""
        return Stage("records", self.walk.pieces, self._part, tables={"records": RECORDS}, cut=self.walk.cut)

    def _part(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Attack and judge one part: one row per image and condition."""
        batch, skipped = self.walk.read(piece)
        which, size = piece.at[0], self.walk.batch_size
        victim, seen, threats = self.faced[which]
        victim.check_labels(batch)
        images, labels, samples = (tensor.to(victim.device) for tensor in batch)
        own = clean_prediction(seen, images, samples, size).prediction
        tables = [self._judged(which, CLEAN, 0.0, images, labels, samples, torch.zeros(len(images), dtype=torch.bool))]
        for threat in threats:
            radii = threat.word.radii or ()
            for radius, result in zip(radii, threat.run(images, samples, own, radii), strict=True):
                still, called = result.directionless, threat.word.title
                tables.append(self._judged(which, called, radius, result.inputs, labels, samples, still))
        return Found({"records": pa.concat_tables(tables).unify_dictionaries()}, skipped=skipped)

    def _judged(
        self,
        which: int,
        condition: str,
        radius: float,
        inputs: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        directionless: Bool[Tensor, " N"],
    ) -> pa.Table:
        victim = self.faced[which][0]
        found = predict(victim.estimator(1), inputs, samples, batch_size=self.walk.batch_size)
        own = labels.expand(found.draws, -1).unsqueeze(-1)
        probabilities = draws_last(found.log_probs.gather(-1, own).squeeze(-1).exp())
        count = len(inputs)
        columns: dict[str, Any] = {
            "victim": np.full(count, which),
            "condition": _arrow.array([condition] * count, _TEXT),
            "radius": np.full(count, radius),
            "sample": samples.cpu().numpy(),
            "label": labels.cpu().numpy(),
            "prediction": found.prediction.cpu().numpy(),
            "softmax": probabilities.mean(dim=-1).cpu().double().numpy(),
            "variance": (probabilities - probabilities.mean(dim=-1, keepdim=True))
            .square()
            .mean(dim=-1)
            .cpu()
            .double()
            .numpy(),
            "native": _own(found),
            "directionless": directionless.cpu().numpy(),
        }
        return pa.table(columns, schema=RECORDS)


def _own(found: Categorical) -> Any:
    """The victim's own uncertainty, if it has a single pass."""
    if found.draws > 1 or found.native is None:
        return _arrow.nulls(found.log_probs.shape[1], pa.float64())
    return found.native.cpu().double().numpy()
