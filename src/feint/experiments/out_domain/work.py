"""The work on foreign inputs: every set of images attacked through every victim, judged, and a gallery."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import Linf
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.metrics import brier_terms
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.threats.familiarity import FamiliarityThreat, predict_members
from feint.threats.settings import FAMILIARITY, ThreatWord
from feint.threats.things import code_of, completed
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts_of
from feint.victims.records import MEASURE
from feint.victims.settings import DataSettings
from feint.victims.victim import SOFTMAX, Victim, load_victim, measure, resolved
from feint.victims.walk import Walk

from . import records
from .gallery import risen
from .records import DOMAIN
from .settings import OodSettings


def prepare(settings: OodSettings, machine: Machine) -> Work:
    """What a run on foreign inputs will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    settings = settings.but(
        foreign=settings.filled, victims=tuple(resolved(victim, machine) for victim in settings.victims)
    )
    own = matched(load_data(settings.data, machine), settings.victims)
    sets = [own, *(foreign_data(each, settings.without, machine) for each in settings.foreign)]
    for dataset in sets[1:]:
        if dataset.shape != own.shape:
            raise SpecError(f"foreign: expected images of {own.shape} in {dataset.name} too, got {dataset.shape}")
    settings = settings.but(attacks=tuple(complete(word, settings) for word in settings.attacks))
    settings = machine.settled(settings, own.shape, len(own))
    victims = [load_victim(victim, own, machine, seed=settings.seed) for victim in settings.victims]
    for victim in victims:
        check_alone(victim)
        if settings.measure is not None:
            victim.check_measure(settings.measure)
    if settings.across and len(victims) < 2:
        raise SpecError(f"across: expected several victims, got {victims[0].name} alone")
    names = names_of([dataset.name for dataset in sets])
    faced = [list(threats(settings, victim)) for victim in victims]
    work = OutDomain(settings, victims, faced, sets, [Walk(each, settings.size, len(victims)) for each in sets])
    return Work(
        settings=settings,
        identity={
            "images": [dataset.fingerprint() for dataset in sets],
            "weights": [victim.identity() for victim in victims],
            "code": [code_of(word) for word in settings.attacks],
        },
        about={
            "data": names[DOMAIN],
            "foreign": names[1:],
            "counts": [len(dataset) for dataset in sets],
            "classes": list(victims[0].classes),
            "victims": [about(victim, settings) for victim in victims],
            "warnings": doubts_of(victims, own),
        },
        stages=work.stages,
    )


def foreign_data(settings: DataSettings, without: Sequence[int], machine: Machine) -> Dataset:
    """Foreign images, without those of some labels.

    Raises:
        DataError: they cannot be read.
        SpecError: none is left.
    """
    if not without:
        return load_data(settings, machine)
    whole = load_data(settings.but(limit=None, first=None), machine)
    kept = whole.without(without)
    if settings.first is not None:
        return kept.take(0, settings.first)
    return kept if settings.limit is None else kept.sample(settings.limit)


def names_of(sources: Sequence[str]) -> list[str]:
    """What sets of images are called: each otherwise, and by the last part of its path where that is enough.

    >>> names_of(["data/mnist", "data/notmnist"]), names_of(["a/test", "b/test", "b/test"])
    (['mnist', 'notmnist'], ['a/test', 'b/test', 'b/test (2)'])
    """
    short = [PurePath(source).name or source for source in sources]
    names = short if len(set(short)) == len(short) else list(sources)
    before = [names[:at].count(name) for at, name in enumerate(names)]
    return [f"{name} ({count + 1})" if count else name for name, count in zip(names, before, strict=True)]


def complete(word: ThreatWord, settings: OodSettings) -> ThreatWord:
    """An attack with all its settings, its radii, and the measure that it is about.

    Raises:
        SpecError: a goal that is about something else.
    """
    if word.goal not in (None, *FAMILIARITY):
        raise SpecError(f"{word.name}.goal: expected accept or reject, or none for both, got {word.goal}")
    word = completed(word, seed=settings.seed)
    return word.but(radii=word.radii or settings.radii, measure=word.measure or settings.measure)


def threats(settings: OodSettings, victim: Victim) -> Iterator[FamiliarityThreat]:
    """All who attack a victim, by what they are after."""
    for goal in FAMILIARITY:
        for word in settings.attacks:
            if word.goal in (None, goal):
                yield FamiliarityThreat.of(word.but(goal=goal), victim, settings.size)


def about(victim: Victim, settings: OodSettings) -> dict[str, Any]:
    """What readers need of a victim."""
    word = victim.settings.estimator or SOFTMAX
    return {
        "name": victim.name,
        "estimator": str(word),
        "kind": word.name,
        "members": len(victim.settings.networks) or 1,
        "stochastic": victim.stochastic,
        "measures": list(victim.measures),
        "measure": settings.measure or victim.default_measure,
    }


@final
@dataclass(frozen=True, eq=False)
class OutDomain:
    """How each piece is computed.

    Attributes:
        settings: resolved.
        victims: the classifiers.
        threats: those that each faces.
        sets: the in-domain images, then the foreign ones.
        walks: them, in parts for each victim.
    """

    settings: OodSettings
    victims: Sequence[Victim]
    threats: Sequence[Sequence[FamiliarityThreat]]
    sets: Sequence[Dataset]
    walks: Sequence[Walk]

    @property
    def stages(self) -> list[Stage]:
        """The records, set after set, part by part, and the gallery."""
        pieces = [
            Piece(f"{at:03d}-{piece.name}", piece.size, (at, *piece.at))
            for at, walk in enumerate(self.walks)
            for piece in walk.pieces
        ]
        return [
            Stage("records", pieces, self._records, {"records": records.SCHEMA}, cut=self.walks[DOMAIN].cut),
            Stage.single("gallery", self._gallery, arrays=["gallery"]),
        ]

    def _records(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What one victim says of a part of one set, as it comes and attacked."""
        which, *place = piece.at
        batch, skipped = self.walks[which].read(replace(piece, at=tuple(place)))
        at = place[0]
        victim = self.victims[at]
        images, labels, samples = (tensor.to(victim.device) for tensor in batch)
        if which == DOMAIN:
            victim.check_labels(batch)
        keys: dict[str, Any] = {"victim": at, "data": which, "sample": samples}
        keys |= {"label": labels} if which == DOMAIN else {}
        clean = {**keys, "judge": at, "attack": "", "radius": 0.0, "linf": 0.0, "directionless": False, "gradients": 0}
        tables = [self._judged(at, self._predict(at, images, samples), clean)]
        for threat in self._facing(at, which):
            for radius, inputs, spent in self._attacked(threat, images, samples):
                columns = {**keys, "attack": threat.word.title, "radius": radius, **spent}
                if threat.word.members == "per-member":
                    estimator = victim.estimator(int(victim.stochastic))
                    found = predict_members(estimator, inputs, samples, self.settings.size)
                    tables.append(self._judged(at, found, {**columns, "judge": at}))
                    continue
                for judge in range(len(self.victims)) if self.settings.across else [at]:
                    found = self._predict(judge, inputs[0], samples)
                    tables.append(self._judged(judge, found, {**columns, "judge": judge}))
        return Found({"records": pa.concat_tables(tables).unify_dictionaries()}, skipped=skipped)

    def _facing(self, victim: int, which: int) -> list[FamiliarityThreat]:
        """Those who attack these images: in-domain ones are to be rejected, foreign ones accepted."""
        goal = "reject" if which == DOMAIN else "accept"
        return [threat for threat in self.threats[victim] if threat.word.goal == goal]

    def _attacked(
        self, threat: FamiliarityThreat, images: Tensor, samples: Int[Tensor, " N"]
    ) -> Iterator[tuple[float, list[Float[Tensor, " N ..."]], dict[str, Tensor]]]:
        """By radius: the attacked inputs, one for all or one for each member, and what they cost."""
        radii = threat.word.radii or ()
        if threat.word.members == "per-member":
            results = threat.run_members(images, samples, radii)
        else:
            results = [[result] for result in threat.run(images, samples, radii)]
        for radius, found in zip(radii, results, strict=True):
            linf = torch.stack([Linf().size(each.inputs - images).double() for each in found]).amax(dim=0)
            still = torch.stack([each.directionless for each in found]).all(dim=0)
            gradients = torch.stack([each.gradients for each in found]).sum(dim=0)
            yield radius, [each.inputs for each in found], {
                "linf": linf, "directionless": still, "gradients": gradients,
            }  # fmt: skip

    def _predict(self, judge: int, inputs: Tensor, samples: Tensor) -> Categorical:
        """What a victim says: one that draws, with other draws than those that the attack saw."""
        victim = self.victims[judge]
        return predict(victim.estimator(int(victim.stochastic)), inputs, samples, batch_size=self.settings.size)

    def _judged(self, judge: int, found: Categorical, columns: dict[str, Any]) -> pa.Table:
        said = {**columns, "prediction": found.prediction}
        if "label" in columns:
            mean, labels = found.mean_log_probs, columns["label"]
            said["log_prob_label"] = mean.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
            said["brier"] = brier_terms(mean, labels, "mean")
        said |= {MEASURE + name: measure(name)(found) for name in self.victims[judge].measures}
        return records.table(said, len(found))

    def _gallery(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The foreign inputs whose confidence rose most, attacked once more: the records hold no pictures."""
        parts: list[dict[str, Array]] = []
        for at, victim in enumerate(self.victims):
            for which in range(1, len(self.sets)):
                threat = next((each for each in self._facing(at, which) if each.word.members == "joint"), None)
                if threat is None:
                    continue
                radius = max(threat.word.radii or ())
                chosen = risen(earlier, at, which, threat.word.title, radius)
                dataset = self.sets[which]
                batch = dataset.only(np.searchsorted(dataset.samples, chosen["sample"]).tolist())
                images, _, samples = (tensor.to(victim.device) for tensor in batch)
                (result,) = threat.run(images, samples, [radius])
                count = len(images)
                parts.append(
                    {
                        **chosen,
                        "victim": np.full(count, at),
                        "data": np.full(count, which),
                        "radius": np.full(count, radius),
                        "attack": np.array([threat.word.title] * count),
                        "original": _last(images),
                        "attacked": _last(result.inputs),
                        "where": np.array([dataset.where(int(sample)) for sample in batch.samples]),
                    }
                )
        names = parts[0] if parts else {}
        return Found(arrays={"gallery": {name: np.concatenate([part[name] for part in parts]) for name in names}})


def _last(images: Float[Tensor, " N channels height width"]) -> Array:
    return images.permute(0, 2, 3, 1).float().contiguous().cpu().numpy()
