"""Uncertainty spans of a classifier: from where to where each input's confidence can be moved, its label kept."""

from pathlib import Path
from typing import Annotated, final

import pyarrow as pa
import torch
from pydantic import AfterValidator, Field
from torch import Tensor

from feint.attacks import ACE, Budget
from feint.attacks.adversarial import Attack
from feint.attacks.confidence.iterative_ace import IterativeACE
from feint.attacks.confidence.objectives import keeps_label
from feint.attacks.confidence.span import span
from feint.data import Batch
from feint.estimators import predict
from feint.experiments.run import Piece, RunResult, begun, head, part_count, walk
from feint.experiments.span_report import summarise_spans, write_spans
from feint.experiments.spec import DataSpec, RunSpec, VictimSpec
from feint.experiments.victim import Victim, load_data
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.results import RunFolder
from feint.results.span import span_table


def _ascending(radii: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(radii)))


Radius = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@final
class SpanSpec(RunSpec):
    """Whose confidence is moved, how far and how.

    Attributes:
        data: the images.
        victim: the classifier.
        radii: L-infinity radii, in the inputs' unit of [0, 1]; kept in ascending order, each once.
        steps: gradient steps towards either end; 1 is a single sign step.
        threshold: answered is what has at least this confidence; None for what answers 90 % of the clean inputs.
    """

    data: DataSpec = DataSpec()
    victim: VictimSpec = VictimSpec()
    radii: Annotated[tuple[Radius, ...], Field(min_length=1), AfterValidator(_ascending)]
    steps: Annotated[int, Field(gt=0)] = 10
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def attack(self) -> Attack:
        """What moves the confidence."""
        return ACE() if self.steps == 1 else IterativeACE(self.steps)


def measure_spans(
    spec: SpanSpec, root: Path = Path("feint-runs"), *, command: str = "", fresh: bool = False, progress: bool = True
) -> RunResult:
    """Find for every input the lowest and the highest confidence within reach of an attack that keeps its label.

    The attack sees the weights and, of a stochastic victim, the draws. What it finds bounds the true span from inside.

    Args:
        spec: what to measure and how.
        root: where run folders lie.
        command: the command line to show in the report.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    dataset = load_data(spec.data)
    with begun(spec, dataset, [spec.victim], progress=progress) as (spec, (victim,), size):

        def compute(piece: Piece) -> pa.Table:
            return _spans(spec, victim, piece.batch, size)

        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": victim.fingerprint(),
        }
        with RunFolder.open(root, "span", identity, parts=part_count(dataset, size), fresh=fresh) as folder:
            if not folder.is_complete:
                skipped = walk(folder, dataset, size, compute, names=["span"], progress=progress)
                summary = {
                    "run": head(folder, command),
                    **summarise_spans(folder.read(), spec.radii, spec.threshold),
                    "steps": spec.steps,
                    "skipped": skipped,
                }
                write_spans(folder, dataset, victim, summary)
                folder.finish(summary)
            return RunResult(folder.path, folder.summary)


def _spans(spec: SpanSpec, victim: Victim, batch: Batch, batch_size: int) -> pa.Table:
    """The records of a few batches at all radii."""
    victim.check_labels(batch)
    estimator = victim.estimator()
    images, samples = batch.inputs.to(spec.device), batch.samples.to(spec.device)
    own = predict(estimator, images, samples, batch_size=batch_size).prediction

    def predicted(inputs: Tensor, rows: Tensor) -> Categorical:
        return estimator(inputs, samples[rows])

    def doubt(inputs: Tensor, rows: Tensor) -> Tensor:
        return label_doubt(predicted(inputs, rows), own[rows])

    fixed = {"sample": batch.samples, "label": batch.targets, "prediction": own}
    low = high = gradients = queries = None
    tables: list[pa.Table] = []
    for radius in spec.radii:
        found = span(
            doubt, images, Budget(radius), keeps_label(predicted, own), attack=spec.attack, batch_size=batch_size
        )
        # What a smaller radius reaches lies within this one too.
        low = found.low if low is None else torch.minimum(low, found.low)
        high = found.high if high is None else torch.maximum(high, found.high)
        spent = found.gradients * len(victim.members)  # a gradient passes through every member
        gradients = spent if gradients is None else gradients + spent
        queries = found.queries if queries is None else queries + found.queries
        # Confidence is one minus doubt, so the ends change places.
        ends = {"clean": 1 - found.clean, "low": 1 - high, "high": 1 - low}
        columns = {**fixed, **ends, "gradients": gradients, "queries": queries}
        tables.append(span_table({name: column.cpu().numpy() for name, column in columns.items()}, radius))
    return pa.concat_tables(tables)
