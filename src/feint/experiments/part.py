"""One part of an audit: a few batches, attacked together at all radii, judged, and turned into records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks import Adversarial, Linf
from feint.data import Batch
from feint.estimators import predict
from feint.experiments.catalog import MEASURES
from feint.experiments.gallery import Array, Gallery
from feint.experiments.judgement import Columns, applicable_measures, judge
from feint.experiments.setting import Setting
from feint.experiments.spec import AuditSpec
from feint.experiments.victim import Victim
from feint.predictive import Categorical
from feint.results import records


@final
@dataclass(frozen=True)
class Part:
    """How each part of an audit is computed.

    Attributes:
        spec: what is audited.
        victim: the classifier.
        setting: how it is attacked.
        measure: the measure that ranks the inputs.
        batch_size: inputs per call of the networks.
    """

    spec: AuditSpec
    victim: Victim
    setting: Setting
    measure: str
    batch_size: int

    def attack(self, batch: Batch, gallery: Gallery, targets: Mapping[int, float] | None = None) -> pa.Table:
        """Attack a part at all radii and judge it.

        A stochastic victim is attacked and first judged with the same draws (repeat 0), then asked again with fresh
        draws (repeats 1, 2, ...), which is what an attacker who cannot see the draws would meet.

        Args:
            batch: images, labels and sample indices.
            gallery: is offered the attacked pictures.
            targets: by sample index, the uncertainty that an attack on the order wants it to have.

        Returns:
            The part's records.

        Raises:
            DataError: a label that the victim does not have.
            SpecError: a measure that this victim does not have.
        """
        self.victim.check_labels(batch)
        images, labels, samples = (tensor.to(self.spec.device) for tensor in batch)
        clean = self._predict(images, samples, 0)
        measures = applicable_measures(clean[:1])
        if self.measure not in measures:
            MEASURES[self.measure](clean[:1])
        wanted = None
        if targets is not None:
            wanted = torch.tensor([targets[sample] for sample in batch.samples.numpy().tolist()], dtype=torch.float64)
            wanted = wanted.to(self.spec.device)
        radii, own = self.spec.radii, clean.prediction
        results = self.setting.run(images, labels, samples, own, radii, wanted, self.spec.seed)
        base = {"sample": batch.samples.numpy(), "clean_prediction": clean.prediction.cpu().numpy()}

        def judged(inputs: Float[Tensor, " N ..."], repeat: int, columns: Columns) -> pa.Table:
            categorical = self._predict(inputs, samples, repeat)
            draws = {"repeat": np.int16(repeat), "seed": self.victim.seed + repeat}
            return records.table({**base, **draws, **columns, **judge(categorical, labels, measures)}, measures)

        guides = self.setting.guides
        repeats = range(1 + (self.spec.repeats if self.victim.spec.stochastic else 0))
        tables = [judged(images, repeat, _UNTOUCHED) for repeat in repeats]
        for radius, result in zip(self.spec.radii, results, strict=True):
            attacked = {"variant": "attacked", "radius": radius, **_spent(result, result.inputs - images, guides)}
            tables += [judged(result.inputs, repeat, attacked) for repeat in repeats]
            gallery.add(_pictures(tables[0], tables[-len(repeats)], images, result.inputs))
            rounded = (result.inputs * 255).round() / 255
            tables.append(
                judged(rounded, 0, {**attacked, "variant": "rounded", **_spent(result, rounded - images, guides)})
            )
        return pa.concat_tables(tables)

    def _predict(self, inputs: Tensor, samples: Tensor, repeat: int) -> Categorical:
        return predict(self.victim.estimator(repeat), inputs, samples, batch_size=self.batch_size)


_UNTOUCHED: Columns = {
    "variant": "clean",
    "radius": 0.0,
    "accepted": 0.0,
    "measured": 0.0,
    "changed": 0.0,
    "feasible": True,
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
        "gradients": result.gradients * guides,
        "queries": result.queries,
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}


def _pictures(clean: pa.Table, attacked: pa.Table, originals: Tensor, changed: Tensor) -> dict[str, Array]:
    """What the gallery keeps of a part: its records' columns and the pictures, channels last."""
    doubt = f"{records.MEASURE}max_probability"
    names = ("sample", "radius", "label", "clean_prediction", "prediction")
    return {
        **{name: records.column(attacked, name) for name in names},
        "before": 1 - np.asarray(records.column(clean, doubt), np.float64),
        "after": 1 - np.asarray(records.column(attacked, doubt), np.float64),
        "original": originals.permute(0, 2, 3, 1).float().cpu().numpy(),
        "attacked": changed.permute(0, 2, 3, 1).float().cpu().numpy(),
    }
