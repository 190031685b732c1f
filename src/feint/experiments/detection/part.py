"""One part of a detection run: a few batches, attacked by every attacker, and the records of what a victim says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import pyarrow as pa
import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import L2, Adversarial, Linf
from feint.data import Batch
from feint.estimators import predict
from feint.runs.run import Run
from feint.runs.work import Found, Piece, Stage
from feint.threats.labels import clean_prediction
from feint.threats.ready import Threat, attacked
from feint.victims.records import MEASURE
from feint.victims.victim import Victim, measure
from feint.victims.walk import Walk

from . import records, released
from .noise import gaussian_noise, released_clipping, released_noise
from .records import CLIPPED_ONLY, GREY, POSITIVE, RELEASED, Noise


@final
@dataclass(frozen=True, eq=False)
class Faced:
    """A victim, and all who attack it.

    Attributes:
        victim: whom.
        threats: ready to run, each at its radii.
    """

    victim: Victim
    threats: Sequence[Threat]


@final
@dataclass(frozen=True, eq=False)
class Detection:
    """How each part is computed.

    Attributes:
        faced: by victim.
        walk: the images, in parts for each victim.
        noises: the kinds of noise that are negatives beside the clean inputs.
        repeats: how often a stochastic victim is asked with fresh draws.
        seed: of the noise.
        batch_size: inputs per call.
        device: where the networks run.
    """

    faced: Sequence[Faced]
    walk: Walk
    noises: Sequence[Noise]
    repeats: int
    seed: int
    batch_size: int
    device: str

    @property
    def stage(self) -> Stage:
        """The records, part by part, for one victim after the other."""
        return Stage("detection", self.walk.pieces, self.compute, {"records": records.SCHEMA}, cut=self.walk.cut)

    def compute(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The records of a part."""
        batch, skipped = self.walk.read(piece)
        return Found({"records": self.records(piece.at[0], batch)}, skipped=skipped)

    def records(self, which: int, batch: Batch) -> pa.Table:
        """Attack one part of the data through one victim.

        Args:
            which: the victim's position.
            batch: images, labels and sample indices.
        """
        victim = self.faced[which].victim
        victim.check_labels(batch)
        images, labels, samples = (tensor.to(self.device) for tensor in batch)
        own = clean_prediction(victim, images, samples, self.batch_size).prediction
        base = {"victim": which, "sample": samples, "label": labels, "clean_prediction": own}
        untouched = {**base, "attack": "", "radius": 0.0, "directionless": False}
        tables = [self._judged(victim, images, images, samples, {**untouched, "kind": "clean"})]
        if GREY in self.noises:
            clipped = released_clipping(images)
            tables.append(self._judged(victim, images, clipped, samples, {**untouched, "kind": CLIPPED_ONLY}))
        for attack, radius, result in self._attacked(which, images, labels, samples, own):
            found = result.inputs
            named = {**base, "attack": attack, "radius": radius, "directionless": result.directionless}
            tables.append(self._judged(victim, images, found, samples, {**named, "kind": "attacked"}))
            for kind in self.noises:
                noise, moved = gaussian_noise, found
                if kind == GREY:
                    noise, moved = released_noise, released_clipping(found)
                    tables.append(self._judged(victim, images, moved, samples, {**named, "kind": POSITIVE[kind]}))
                lengths = L2().size(moved - images)
                cuts = [slice(start, start + self.batch_size) for start in range(0, len(images), self.batch_size)]
                noisy = torch.cat([noise(images[cut], lengths[cut], samples[cut], seed=self.seed) for cut in cuts])
                tables.append(self._judged(victim, images, noisy, samples, {**named, "kind": kind}))
        return pa.concat_tables(tables).unify_dictionaries()

    def _attacked(
        self,
        which: int,
        images: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
    ) -> Iterator[tuple[str, float, Adversarial]]:
        """Every attacker at every radius, and what it came to."""
        for threat in self.faced[which].threats:
            radii = threat.word.radii or ()
            results = attacked(threat, images, labels, samples, own, radii, seed=self.seed)
            for radius, result in zip(radii, results, strict=True):
                yield threat.word.title, radius, result

    def _judged(
        self, victim: Victim, originals: Tensor, inputs: Tensor, samples: Tensor, columns: Mapping[str, Any]
    ) -> pa.Table:
        """What the victim says of some inputs: with fresh draws, as often as asked, where it draws."""
        repeats = range(1, 1 + self.repeats) if victim.stochastic and self.repeats else range(1)
        tables: list[pa.Table] = []
        for repeat in repeats:
            found = predict(victim.estimator(repeat), inputs, samples, batch_size=self.batch_size)
            known = victim.measures
            said = {
                **columns,
                "repeat": repeat,
                "prediction": found.prediction,
                "linf": Linf().size(inputs - originals).double(),
                "l2": L2().size(inputs - originals).double(),
                **{name: None for name in records.MAYBE},
                **{MEASURE + name: measure(name)(found) for name in known},
                **{RELEASED + name: measured(found) for name, measured in released.MEASURES.items()},
            }
            tables.append(records.table(said, len(inputs)))
        return pa.concat_tables(tables)
