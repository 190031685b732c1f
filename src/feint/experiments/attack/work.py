"""An attack's work: every part of the data attacked at every radius and judged; the attacked images joined to files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import L2, Adversarial, Linf
from feint.estimators import predict
from feint.experiments.judging import fresh_draws
from feint.runs.folder.delivery import Delivery
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.threats.labels import clean_prediction
from feint.threats.ready import Threat, attacked, ready
from feint.threats.things import code_of
from feint.victims import records
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts
from feint.victims.judgement import Columns, judge
from feint.victims.picture import is_picture
from feint.victims.victim import Victim, load_victim, resolved
from feint.victims.walk import Walk

from .joined import join
from .settings import AttackSettings

DISTANCES = {"linf": Linf(), "l2": L2()}


def prepare(settings: AttackSettings, machine: Machine) -> Work:
    """What an attack will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    dataset = load_data(settings.data, machine, pictures=True)
    settings = settings.but(victim=resolved(settings.victim, machine))
    own_labels = settings.data.source not in machine.given and is_picture(settings.data.source)
    dataset = dataset if own_labels else matched(dataset, [settings.victim])
    settings = machine.settled(settings, dataset.shape, len(dataset))
    victim = load_victim(settings.victim, dataset, machine, seed=settings.seed)
    check_alone(victim)
    radii = settings.attack.radii or settings.radii or ()
    word = settings.attack.but(radii=radii)
    threat = ready(word, victim, machine, batch_size=settings.size)
    repeats = fresh_draws(settings.repeats, victim)
    settings = settings.but(attack=threat.word, radii=radii, repeats=repeats)
    job = Attacking(settings, victim, threat, Walk(dataset, settings.size), own_labels)
    return Work(
        settings=settings,
        identity={"images": dataset.fingerprint(), "weights": victim.identity(), "code": code_of(word)},
        about={
            "data": dataset.name,
            "shape": list(dataset.shape),
            "classes": list(victim.classes),
            "victim": victim.name,
            "stochastic": victim.stochastic,
            "warnings": [] if own_labels else doubts(victim, dataset),
            "distance": threat.attack.distance,
        },
        stages=[job.stage],
        deliver=job.deliver,
    )


@final
@dataclass(frozen=True, eq=False)
class Attacking:
    """How each piece is computed.

    Attributes:
        settings: resolved.
        victim: whom.
        threat: how.
        walk: the images, in parts.
        own_labels: whether the label of an image is the victim's own, since nobody has told it.
    """

    settings: AttackSettings
    victim: Victim
    threat: Threat
    walk: Walk
    own_labels: bool

    @property
    def stage(self) -> Stage:
        """The records and the attacked images."""
        schema: Any = records.schema(self.victim.measures)
        for name in DISTANCES:
            schema = schema.append(pa.field(name, pa.float64()))
        return Stage("attack", self.walk.pieces, self._compute, {"records": schema}, ["attacked"], cut=self.walk.cut)

    def _compute(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        batch, skipped = self.walk.read(piece)
        victim, size = self.victim, self.walk.batch_size
        images, labels, samples = (tensor.to(victim.device) for tensor in batch)
        own = clean_prediction(victim, images, samples, size).prediction
        if self.own_labels:
            labels = own
        else:
            victim.check_labels(batch)
        repeats = range(1 + (self.settings.repeats or 0))

        def judged(
            inputs: Float[Tensor, " N ..."], repeat: int, columns: Columns
        ) -> tuple[pa.Table, Int[Tensor, " N"]]:
            found = predict(victim.estimator(repeat), inputs, samples, batch_size=size)
            base = {"sample": samples.cpu().numpy(), "clean_prediction": own.cpu().numpy()}
            draws = {"repeat": np.int16(repeat), "seed": victim.seed + repeat}
            measures = victim.measures
            table = records.table({**base, **draws, **columns, **judge(found, labels, measures)}, measures)
            for name, norm in DISTANCES.items():
                table = table.append_column(name, pa.array(norm.size(inputs - images).double().cpu().numpy()))
            return table, found.prediction

        tables = [judged(images, repeat, _spent(None, 0.0, "clean", images, images))[0] for repeat in repeats]
        arrays: dict[str, Array] = {
            "originals": _last(images),
            "labels": labels.cpu().numpy(),
            "samples": samples.cpu().numpy(),
            "where": np.array([self.walk.dataset.where(int(sample)) for sample in samples]),
        }
        radii = self.settings.radii or ()
        results = attacked(self.threat, images, labels, samples, own, radii, seed=self.settings.seed)
        for index, (radius, result) in enumerate(zip(radii, results, strict=True)):
            found = [
                judged(result.inputs, repeat, _spent(result, radius, "attacked", images, result.inputs))
                for repeat in repeats
            ]
            rounded = (result.inputs * 255).round() / 255
            tables += [table for table, _ in found]
            tables += [judged(rounded, each, _spent(result, radius, "rounded", images, rounded))[0] for each in repeats]
            arrays[f"images-{index}"] = _last(result.inputs)
            arrays[f"predictions-{index}"] = found[0][1].cpu().numpy()
        return Found({"records": pa.concat_tables(tables)}, {"attacked": arrays}, skipped)

    def deliver(self, run: Run, delivery: Delivery) -> None:
        """Join the attacked images, a file for each radius."""
        join(run, delivery, len(self.settings.radii or ()), self.settings.format)


def _last(images: Float[Tensor, " N channels height width"]) -> Array:
    return images.permute(0, 2, 3, 1).float().contiguous().cpu().numpy()


def _spent(
    result: Adversarial | None, radius: float, variant: str, originals: Tensor, inputs: Tensor
) -> dict[str, Any]:
    """The attack's columns of a record."""
    changed = (inputs != originals).flatten(1).double().mean(1).cpu().numpy()
    if result is None:
        columns: Mapping[str, Any] = {
            "accepted": 0.0, "measured": 0.0, "feasible": True, "directionless": False, "gradients": 0, "queries": 0,
        }  # fmt: skip
    else:
        names = {"accepted": result.accepted, "measured": result.radius, "feasible": result.feasible}
        names |= {"directionless": result.directionless, "gradients": result.gradients, "queries": result.queries}
        columns = {name: value.cpu().numpy() for name, value in names.items()}
    return {"variant": variant, "radius": radius, "changed": changed, **columns}
