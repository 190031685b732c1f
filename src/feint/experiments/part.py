"""One part of an audit: a few batches, attacked together at all radii, judged, and turned into records."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import ACE, Adversarial, Budget, Linf
from feint.attacks.objectives import disrupt_confidence, keeps_label
from feint.data import Batch
from feint.errors import DataError
from feint.estimators import predict
from feint.experiments.catalog import MEASURES
from feint.experiments.gallery import Array, Gallery
from feint.experiments.judgement import Columns, applicable_measures, judge
from feint.experiments.spec import AuditSpec
from feint.experiments.victim import Victim
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.results import records


@final
@dataclass(frozen=True)
class Part:
    """How each part of an audit is computed.

    Attributes:
        spec: what is audited.
        victim: the classifier.
        measure: the measure that ranks the inputs and is attacked.
        batch_size: inputs per call of the networks.
    """

    spec: AuditSpec
    victim: Victim
    measure: str
    batch_size: int

    def attack(self, batch: Batch, gallery: Gallery) -> pa.Table:
        """Attack a part at all radii and judge it.

        A stochastic victim is attacked and first judged with the same draws (repeat 0), then asked again with fresh
        draws (repeats 1, 2, ...), which is what an attacker who cannot see the draws would meet.

        Args:
            batch: images, labels and sample indices.
            gallery: is offered the attacked pictures.

        Returns:
            The part's records.

        Raises:
            DataError: a label that the victim does not have.
            SpecError: a measure that this victim does not have.
        """
        self._check_labels(batch)
        images, labels, samples = (tensor.to(self.spec.device) for tensor in batch)
        clean = self._predict(images, samples, 0)
        measures = applicable_measures(clean[:1])
        if self.measure not in measures:
            MEASURES[self.measure](clean[:1])
        results = self._ace(images, labels, samples, clean.prediction)
        base = {"sample": batch.samples.numpy(), "clean_prediction": clean.prediction.cpu().numpy()}

        def judged(inputs: Float[Tensor, " N ..."], repeat: int, columns: Columns) -> pa.Table:
            categorical = self._predict(inputs, samples, repeat)
            draws = {"repeat": np.int16(repeat), "seed": self.victim.seed + repeat}
            return records.table({**base, **draws, **columns, **judge(categorical, labels, measures)}, measures)

        repeats = range(1 + (self.spec.repeats if self.victim.spec.stochastic else 0))
        tables = [judged(images, repeat, _UNTOUCHED) for repeat in repeats]
        for radius, result in zip(self.spec.radii, results, strict=True):
            attacked = {"variant": "attacked", "radius": radius, **_spent(result, result.inputs - images)}
            tables += [judged(result.inputs, repeat, attacked) for repeat in repeats]
            gallery.add(_pictures(tables[0], tables[-len(repeats)], images, result.inputs))
            rounded = (result.inputs * 255).round() / 255
            tables.append(judged(rounded, 0, {**attacked, "variant": "rounded", **_spent(result, rounded - images)}))
        return pa.concat_tables(tables)

    def _predict(self, inputs: Tensor, samples: Tensor, repeat: int) -> Categorical:
        return predict(self.victim.estimator(repeat), inputs, samples, batch_size=self.batch_size)

    def _ace(
        self,
        images: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
    ) -> list[Adversarial]:
        """ACE in white box, one result per radius."""
        estimator = self.victim.estimator()

        def predicted(inputs: Tensor, rows: Tensor) -> Categorical:
            return estimator(inputs, samples[rows])

        def uncertainty(inputs: Tensor, rows: Tensor) -> Tensor:
            if self.measure == "max_probability":  # of the label that is kept: the same at feasible points, and smooth
                return label_doubt(predicted(inputs, rows), own[rows])
            return MEASURES[self.measure](predicted(inputs, rows))

        return ACE().grid(
            disrupt_confidence(uncertainty, own == labels),
            images,
            [Budget(radius) for radius in self.spec.radii],
            keeps_label(predicted, own),
            batch_size=self.batch_size,
        )

    def _check_labels(self, batch: Batch) -> None:
        classes = self.victim.classes
        wrong = (batch.labels < 0) | (batch.labels >= classes)
        if wrong.any():
            first = int(wrong.nonzero()[0])
            raise DataError(
                f"labels: expected 0 to {classes - 1}, for {self.victim.name} has {classes} classes; "
                f"got {int(batch.labels[first])} for sample {int(batch.samples[first])}"
            )


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


def _spent(result: Adversarial, perturbation: Float[Tensor, " N ..."]) -> Columns:
    """The attack's columns for attacked inputs."""
    columns = {
        "accepted": result.accepted,
        "measured": Linf().size(perturbation),
        "changed": (perturbation != 0).flatten(1).double().mean(1),
        "feasible": result.feasible,
        "gradients": result.gradients,
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
