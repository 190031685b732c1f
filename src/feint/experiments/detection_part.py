"""One part of a detection run: a few batches, attacked by every attacker, and the records of what a victim says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import L2, Linf
from feint.data import Batch, Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.catalog import MEASURES
from feint.experiments.judgement import applicable_measures
from feint.experiments.label_attack import LabelAttackSpec, attack_labels, check_label_attack, clean_prediction
from feint.experiments.noise import gaussian_noise, released_clipping, released_noise
from feint.experiments.released import RELEASED, RELEASED_MEASURES
from feint.experiments.setting import Setting
from feint.experiments.spec import AttackSpec, Spec
from feint.experiments.victim import Victim
from feint.results.records import MEASURE

Noise = Literal["noise", "grey"]
"""Gaussian noise as large as the perturbation, and the released experiment's."""

GREY: Noise = "grey"

POSITIVE: Mapping[Noise, str] = {"noise": "attacked", GREY: "clipped"}
"""The kind of attacked inputs that goes with each: the released experiment clips its attacked images, and only those,
to bounds that cut into every image."""

CLIPPED_ONLY = "clean, clipped"
"""Inputs clipped to these bounds and not attacked: what of a detector's score is the bounds'."""


@final
class Threat(Spec):
    """An attacker whom detectors are to notice.

    Attributes:
        name: what it is called.
        radius: how far it goes, in its own distance.
        attack: how it attacks labels; None for ACE, which keeps them.
    """

    name: str
    radius: float
    attack: LabelAttackSpec | None


@final
@dataclass(frozen=True, eq=False)
class Detection:
    """How each part is computed.

    Attributes:
        victims: who is attacked, each by attackers of its own.
        threats: by victim.
        dataset: the images.
        noises: the kinds of noise that are negatives beside the clean inputs.
        repeats: how often a stochastic victim is asked with fresh draws.
        seed: of the noise.
        batch_size: inputs per call.
        device: where the networks run.
    """

    victims: Sequence[Victim]
    threats: Sequence[Sequence[Threat]]
    dataset: Dataset
    noises: Sequence[Noise]
    repeats: int
    seed: int
    batch_size: int
    device: str

    def check(self) -> None:
        """Raise a SpecError for attackers that make no sense, or noise that the images cannot have."""
        for victim, threats in zip(self.victims, self.threats, strict=True):
            for threat in threats:
                if threat.attack is not None:
                    check_label_attack(threat.attack, victim.classes)
        if GREY in self.noises and self.dataset.shape[0] != 3:
            raise SpecError(f"protocol: as-released expects images in colour, got {self.dataset.shape[0]} channel")

    def records(self, which: int, batch: Batch) -> pa.Table:
        """Attack one part of the data through one victim.

        Args:
            which: the victim's position.
            batch: images, labels and sample indices.
        """
        victim = self.victims[which]
        victim.check_labels(batch)
        images, labels, samples = (tensor.to(self.device) for tensor in batch)
        own = clean_prediction(victim, images, samples, self.batch_size).prediction
        base = {"victim": which, "sample": samples, "label": labels, "clean_prediction": own}
        tables = [self._judged(victim, images, images, samples, {**base, "attack": "", "radius": 0.0, "kind": "clean"})]
        if GREY in self.noises:
            clipped = released_clipping(images)
            named = {**base, "attack": "", "radius": 0.0, "kind": CLIPPED_ONLY}
            tables.append(self._judged(victim, images, clipped, samples, named))
        for threat, attacked in self._attacked(which, images, labels, samples, own):
            named = {**base, "attack": threat.name, "radius": threat.radius}
            tables.append(self._judged(victim, images, attacked, samples, {**named, "kind": "attacked"}))
            for kind in self.noises:
                noise, moved = gaussian_noise, attacked
                if kind == GREY:
                    noise, moved = released_noise, released_clipping(attacked)
                    tables.append(self._judged(victim, images, moved, samples, {**named, "kind": POSITIVE[kind]}))
                lengths = L2().size(moved - images)
                cuts = [slice(start, start + self.batch_size) for start in range(0, len(images), self.batch_size)]
                noisy = torch.cat([noise(images[cut], lengths[cut], samples[cut], seed=self.seed) for cut in cuts])
                tables.append(self._judged(victim, images, noisy, samples, {**named, "kind": kind}))
        return pa.concat_tables(tables)

    def _attacked(
        self,
        which: int,
        images: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
    ) -> list[tuple[Threat, Tensor]]:
        """Every attacker and its images; those that differ in the radius only may share gradients."""
        victim, groups = self.victims[which], dict[LabelAttackSpec | None, list[Threat]]()
        for threat in self.threats[which]:
            groups.setdefault(threat.attack, []).append(threat)
        found: list[tuple[Threat, Tensor]] = []
        for attack, threats in groups.items():
            radii = [threat.radius for threat in threats]
            if attack is None:
                setting = Setting.of(
                    AttackSpec(),
                    victim,
                    self.dataset,
                    measure=victim.spec.default_measure,
                    device=self.device,
                    batch_size=self.batch_size,
                )
                results = setting.run(images, labels, samples, own, radii, None, self.seed)
            else:
                results = attack_labels(attack, victim, images, samples, own, radii, self.batch_size)
            found += [(threat, result.inputs) for threat, result in zip(threats, results, strict=True)]
        return found

    def _judged(
        self, victim: Victim, originals: Tensor, inputs: Tensor, samples: Tensor, columns: Mapping[str, Any]
    ) -> pa.Table:
        """What the victim says of some inputs: with fresh draws, as often as asked, where it draws."""
        repeats = range(1, 1 + self.repeats) if victim.spec.stochastic and self.repeats else range(1)
        tables: list[pa.Table] = []
        for repeat in repeats:
            found = predict(victim.estimator(repeat), inputs, samples, batch_size=self.batch_size)
            there = applicable_measures(found[:1])
            tables.append(
                _table(
                    {
                        **columns,
                        "repeat": repeat,
                        "prediction": found.prediction,
                        "linf": Linf().size(inputs - originals).double(),
                        "l2": L2().size(inputs - originals).double(),
                        **{MEASURE + name: MEASURES[name](found) if name in there else None for name in MEASURES},
                        **{RELEASED + name: measure(found) for name, measure in RELEASED_MEASURES.items()},
                    },
                    len(inputs),
                )
            )
        return pa.concat_tables(tables)


_TYPES: Mapping[str, pa.DataType] = {"kind": pa.string(), "attack": pa.string(), "radius": pa.float64()}


def _table(columns: Mapping[str, Any], rows: int) -> pa.Table:
    """Columns of one value per row, of one value for all, or of nothing, as a table of always the same types."""
    arrays: dict[str, Any] = {}
    for name, value in columns.items():
        number = name.startswith((MEASURE, RELEASED)) or name in ("linf", "l2")
        kind = pa.float64() if number else _TYPES.get(name, pa.int64())
        if isinstance(value, Tensor):
            arrays[name] = pa.array(value.cpu().numpy(), kind)
        elif isinstance(value, str) or value is None:
            arrays[name] = pa.array([value] * rows, kind)
        else:
            arrays[name] = pa.array(np.full(rows, value), kind)
    return pa.table(arrays)
