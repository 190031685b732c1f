"""An audit's work: every part of the data attacked at all radii, judged, and the gallery of what moved most."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks import Adversarial, Backtracking, Linf, RandomSigns
from feint.attacks.confidence.targets import reversal_targets
from feint.data import Dataset
from feint.estimators import predict
from feint.experiments.judging import fresh_draws
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.threats.confidence import ConfidenceThreat
from feint.threats.memo import Memo
from feint.threats.things import code_of
from feint.victims import records
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts
from feint.victims.judgement import Columns, judge
from feint.victims.numbers import numbers
from feint.victims.victim import Victim, load_victim, resolved
from feint.victims.walk import Walk

from .settings import AuditSettings

SHOWN = 6
"""Inputs in the gallery, for every radius."""
RANKS = pa.schema([pa.field("sample", pa.int64()), pa.field("uncertainty", pa.float64())])


def prepare(settings: AuditSettings, machine: Machine) -> Work:
    """What an audit will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    dataset = load_data(settings.data, machine)
    settings = settings.but(victim=resolved(settings.victim, machine))
    dataset = matched(dataset, [settings.victim])
    settings = machine.settled(settings, dataset.shape, len(dataset))
    victim = load_victim(settings.victim, dataset, machine, seed=settings.seed)
    measure = settings.measure or victim.default_measure
    victim.check_measure(measure)
    check_alone(victim)
    radii = settings.attack.radii or settings.radii
    arithmetic = settings.arithmetic or settings.attack.arithmetic
    word = settings.attack.but(radii=radii, arithmetic=arithmetic)
    threat = ConfidenceThreat.of(word, settings.knowledge, victim, machine, ranks=measure, batch_size=settings.size)
    settings = settings.but(
        measure=measure,
        arithmetic=arithmetic,
        attack=threat.word,
        radii=radii,
        repeats=fresh_draws(settings.repeats, victim),
    )
    audit = Audit(settings, victim, threat, dataset, Walk(dataset, settings.size), measure)
    return Work(
        settings=settings,
        identity={
            "images": dataset.fingerprint(),
            "weights": victim.identity(),
            **threat.identity(),
            "code": code_of(word),
        },
        about={
            "data": dataset.name,
            "images": len(dataset),
            "shape": list(dataset.shape),
            "classes": list(victim.classes),
            "victim": victim.name,
            "stochastic": victim.stochastic,
            "attack": threat.title,
            "distance": threat.attack.distance,
            "warnings": doubts(victim, dataset),
        },
        stages=audit.stages,
    )


@final
@dataclass(frozen=True, eq=False)
class Audit:
    """How each piece of an audit is computed.

    Attributes:
        settings: what is audited, resolved.
        victim: the classifier.
        threat: how it is attacked.
        dataset: the images.
        walk: them, in parts.
        measure: the measure that ranks the inputs.
    """

    settings: AuditSettings
    victim: Victim
    threat: ConfidenceThreat
    dataset: Dataset
    walk: Walk
    measure: str

    @property
    def stages(self) -> list[Stage]:
        """The ranks where the order is to be reversed, the records, and the gallery."""
        schema = records.schema(self.victim.measures)
        ranks = Stage("ranks", self.walk.pieces, self._ranks, tables={"ranks": RANKS}, cut=self.walk.cut)
        return [
            *([ranks] if self.threat.word.goal == "reverse" else []),
            Stage("audit", self.walk.pieces, self._records, tables={"records": schema}, cut=self.walk.cut),
            Stage.single("gallery", self._gallery, arrays=["gallery"]),
        ]

    def _ranks(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The attacked uncertainty of clean inputs, by which they are ranked."""
        batch, skipped = self.walk.read(piece)
        found = numbers(self.threat.clean_uncertainty(batch.inputs, batch.samples), batch.samples)
        table = pa.table([pa.array(batch.samples.numpy()), pa.array(found.cpu().numpy())], schema=RANKS)
        return Found({"ranks": table}, skipped=skipped)

    def _targets(self, earlier: Run, samples: Tensor) -> Float[Tensor, " N"] | None:
        """The clean uncertainty at the mirrored rank; None for another goal than "reverse"."""
        if self.threat.word.goal != "reverse":
            return None
        wanted = self._mirrored(earlier)
        found = [wanted[sample] for sample in cast(list[int], samples.cpu().numpy().tolist())]
        return torch.tensor(found, dtype=torch.float64, device=self.victim.device)

    def _mirrored(self, earlier: Run) -> Mapping[int, float]:
        if not self._held:
            table = earlier.table("ranks").read()
            targets = reversal_targets(torch.tensor(table.column("uncertainty").to_numpy()))
            samples = cast(list[int], table.column("sample").to_pylist())
            self._held.update(zip(samples, targets.numpy().tolist(), strict=True))
        return self._held

    @cached_property
    def _held(self) -> dict[int, float]:
        return {}

    def _records(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Attack a part at all radii and judge it.

        A stochastic victim is attacked and first judged with the same draws (repeat 0), then asked again with fresh
        draws (repeats 1, 2, ...), which is what an attacker who cannot see the draws would meet.
        """
        batch, skipped = self.walk.read(piece)
        self.victim.check_labels(batch)
        images, labels, samples = (tensor.to(self.victim.device) for tensor in batch)
        memo = Memo(self.victim.estimator(), samples, self.threat.batch_size)
        clean = numbers(memo.predict(images), samples)
        results = self._attacked(images, labels, samples, clean, earlier, memo)
        measures = self.victim.measures
        base = {"sample": batch.samples.numpy(), "clean_prediction": clean.prediction.cpu().numpy()}

        def judged(inputs: Float[Tensor, " N ..."], repeat: int, columns: Columns) -> pa.Table:
            categorical = memo.predict(inputs) if repeat == 0 else self._predict(inputs, samples, repeat)
            draws = {"repeat": np.int16(repeat), "seed": self.victim.seed + repeat}
            return records.table({**base, **draws, **columns, **judge(categorical, labels, measures)}, measures)

        guides = self.threat.guides
        repeats = range(1 + (self.settings.repeats or 0))
        tables = [judged(images, repeat, _UNTOUCHED) for repeat in repeats]
        for radius, result in zip(self.settings.radii, results, strict=True):
            attacked = {"variant": "attacked", "radius": radius, **_spent(result, result.inputs - images, guides)}
            tables += [judged(result.inputs, repeat, attacked) for repeat in repeats]
            rounded = (result.inputs * 255).round() / 255
            attacked = {**attacked, "variant": "rounded", **_spent(result, rounded - images, guides)}
            tables += [judged(rounded, repeat, attacked) for repeat in repeats]
        for radius, result in zip(
            self.settings.radii, self._random(images, labels, samples, clean, memo), strict=False
        ):
            random = {"variant": "random", "radius": radius, **_spent(result, result.inputs - images, 0)}
            tables += [judged(result.inputs, repeat, random) for repeat in repeats]
        return Found({"records": pa.concat_tables(tables)}, skipped=skipped)

    def _random(
        self, images: Tensor, labels: Tensor, samples: Tensor, clean: Categorical, memo: Memo
    ) -> list[Adversarial]:
        """Random signs as large as the attack may be, searched along as the attack is: the baseline."""
        if self.settings.baseline == "none" or self.threat.attack.distance != "linf":
            return []
        search: Any = getattr(self.threat.attack, "search", Backtracking())
        signs: Any = RandomSigns(search, self.settings.seed)
        own, radii = clean.prediction, self.settings.radii
        aimless = torch.zeros(len(images), dtype=torch.float64, device=images.device)
        return self.threat.run(
            images, labels, samples, own, radii, targets=aimless, seed=self.settings.seed, memo=memo, attack=signs
        )

    def _attacked(
        self,
        images: Tensor,
        labels: Tensor,
        samples: Tensor,
        clean: Categorical,
        earlier: Run,
        memo: Memo | None = None,
    ) -> list[Adversarial]:
        targets = self._targets(earlier, samples)
        own, seed = clean.prediction, self.settings.seed
        radii = self.settings.radii
        return self.threat.run(images, labels, samples, own, radii, targets=targets, seed=seed, memo=memo)

    def _predict(self, inputs: Tensor, samples: Tensor, repeat: int) -> Categorical:
        return predict(self.victim.estimator(repeat), inputs, samples, batch_size=self.threat.batch_size)

    def _gallery(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The inputs whose confidence moved most, attacked once more: the records name them, and hold no pictures."""
        moved = _most_moved(earlier, self.settings.radii)
        samples = np.unique(moved["sample"])
        batch = self.dataset.only(np.searchsorted(self.dataset.samples, samples).tolist())
        images, labels, keys = (tensor.to(self.victim.device) for tensor in batch)
        results = self._attacked(images, labels, keys, self._predict(images, keys, 0), earlier)
        rows = np.searchsorted(batch.samples.numpy(), moved["sample"])
        which = [self.settings.radii.index(radius) for radius in moved["radius"].tolist()]
        changed = torch.stack([results[at].inputs[row] for at, row in zip(which, rows.tolist(), strict=True)])
        pictures = {"original": images[rows], "attacked": changed}
        last = {name: each.permute(0, 2, 3, 1).float().cpu().numpy() for name, each in pictures.items()}
        last["where"] = np.array([self.dataset.where(int(sample)) for sample in moved["sample"]])
        return Found(arrays={"gallery": {**moved, **last}})


def _most_moved(earlier: Run, radii: tuple[float, ...]) -> dict[str, Array]:
    """For every radius the records of the few inputs whose confidence moved most, judged as the attack saw them."""
    doubt = f"{records.MEASURE}max_probability"
    names = ["sample", "radius", "label", "clean_prediction", "prediction", doubt]
    table = earlier.table("records")
    before = 1 - table.column(doubt, variant="clean", repeat=0)
    found: list[dict[str, Array]] = []
    for radius in radii:
        rows = table.read(names, variant="attacked", radius=radius, repeat=0)
        columns = {name: rows.column(name).to_numpy() for name in names}
        after = 1 - columns.pop(doubt)
        chosen = np.lexsort((columns["sample"], -np.abs(after - before)))[:SHOWN]
        columns |= {"before": before, "after": after}
        found.append({name: column[chosen] for name, column in columns.items()})
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


_UNTOUCHED: Columns = {
    "variant": "clean",
    "radius": 0.0,
    "accepted": 0.0,
    "measured": 0.0,
    "changed": 0.0,
    "feasible": True,
    "directionless": False,
    "gradients": 0,
    "queries": 0,
}
"""The attack's columns for clean inputs."""


def _spent(result: Adversarial, perturbation: Float[Tensor, " N ..."], guides: int) -> Columns:
    """The attack's columns for attacked inputs; a gradient counts once for each network that it passes through."""
    columns = {
        "accepted": result.accepted,
        "measured": Linf().size(perturbation),
        "changed": (perturbation != 0).flatten(1).double().mean(1),
        "feasible": result.feasible,
        "directionless": result.directionless,
        "gradients": result.gradients * guides,
        "queries": result.queries,
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}
