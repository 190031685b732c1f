"""Uncertainty spans of a classifier: from where to where each input's confidence can be moved, its label kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, final

import pyarrow as pa
import torch
from pydantic import AfterValidator, Field
from torch import Tensor
from tqdm import tqdm

from feint.attacks import ACE, Budget
from feint.attacks.adversarial import Attack
from feint.attacks.iterative_ace import IterativeACE
from feint.attacks.objectives import keeps_label
from feint.attacks.span import span
from feint.data import Batch, Dataset
from feint.errors import DataError
from feint.estimators import predict
from feint.experiments.machine import default_batch_size, find_device, find_threads, steady
from feint.experiments.span_report import summarise_spans, write_spans
from feint.experiments.spec import DataSpec, Spec, VictimSpec
from feint.experiments.victim import Victim, load_data, load_victim
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.results import RunFolder
from feint.results.span import span_table

BATCHES_PER_PART = 4
"""A part is what an interruption can lose."""


def _ascending(radii: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(radii)))


Radius = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@final
class SpanSpec(Spec):
    """Whose confidence is moved, how far and how.

    Attributes:
        data: the images.
        victim: the classifier.
        radii: L-infinity radii, in the inputs' unit of [0, 1]; kept in ascending order, each once.
        steps: gradient steps towards either end; 1 is a single sign step.
        threshold: answered is what has at least this confidence; None for what answers 90 % of the clean inputs.
        seed: of all randomness.
        batch_size: inputs per call of the network, or None to go by the images' size.
        threads: CPU threads, or None for torch's own choice.
        device: "cpu", "cuda", "cuda:1", "mps" or "auto".
    """

    data: DataSpec = DataSpec()
    victim: VictimSpec = VictimSpec()
    radii: Annotated[tuple[Radius, ...], Field(min_length=1), AfterValidator(_ascending)]
    steps: Annotated[int, Field(gt=0)] = 10
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    batch_size: Annotated[int, Field(gt=0)] | None = None
    threads: Annotated[int, Field(gt=0)] | None = None
    device: str = "cpu"

    @property
    def attack(self) -> Attack:
        """What moves the confidence."""
        return ACE() if self.steps == 1 else IterativeACE(self.steps)


@final
@dataclass(frozen=True)
class SpanResult:
    """Where a run lies and what it found.

    Attributes:
        folder: the run folder with records, summary and report.
        summary: what ``summary.json`` holds.
    """

    folder: Path
    summary: dict[str, Any]


def measure_spans(
    spec: SpanSpec, root: Path = Path("feint-runs"), *, command: str = "", fresh: bool = False, progress: bool = True
) -> SpanResult:
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
    device, threads = find_device(spec.device), find_threads(spec.threads)
    with steady(threads):
        dataset = load_data(spec.data)
        victim = load_victim(spec.victim, dataset, seed=spec.seed, device=device, progress=progress)
        batch_size = spec.batch_size or default_batch_size(dataset.shape, device)
        spec = spec.model_copy(update={"device": device, "threads": threads, "batch_size": batch_size})
        part_size = BATCHES_PER_PART * batch_size
        starts = range(0, len(dataset), part_size)
        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": victim.fingerprint(),
        }
        with RunFolder.open(root, "span", identity, parts=len(starts), fresh=fresh) as folder:
            if not folder.is_complete:
                skipped: list[list[str]] = folder.read_json("skipped.json", default=[])
                done = folder.parts()
                with tqdm(total=len(dataset), desc="span", unit=" images", disable=not progress) as bar:
                    for part, start in enumerate(starts):
                        cut = dataset.take(start, start + part_size)
                        if part not in done:
                            folder.write_part(part, _part(spec, victim, cut, part_size, batch_size, skipped, folder))
                        bar.update(len(cut))
                summary = {
                    "run": {"id": folder.run, "folder": str(folder.path), "command": command, **folder.versions},
                    **summarise_spans(folder.read(), spec.radii, spec.threshold),
                    "steps": spec.steps,
                    "skipped": skipped,
                }
                write_spans(folder, dataset, victim, summary)
                folder.finish(summary)
            return SpanResult(folder.path, folder.summary)


def _part(
    spec: SpanSpec,
    victim: Victim,
    cut: Dataset,
    part_size: int,
    batch_size: int,
    skipped: list[list[str]],
    folder: RunFolder,
) -> pa.Table:
    """One part's records; what could not be read is noted first."""
    tables = [_spans(spec, victim, batch, batch_size) for batch in cut.batches(part_size)]
    skipped += [list(where) for where in cut.skipped if list(where) not in skipped]
    folder.write_json("skipped.json", skipped)
    return pa.concat_tables(tables)


def _spans(spec: SpanSpec, victim: Victim, batch: Batch, batch_size: int) -> pa.Table:
    """The records of a few batches at all radii."""
    _check_labels(batch, victim)
    estimator = victim.estimator()
    images, samples = batch.images.to(spec.device), batch.samples.to(spec.device)
    own = predict(estimator, images, samples, batch_size=batch_size).prediction

    def predicted(inputs: Tensor, rows: Tensor) -> Categorical:
        return estimator(inputs, samples[rows])

    def doubt(inputs: Tensor, rows: Tensor) -> Tensor:
        return label_doubt(predicted(inputs, rows), own[rows])

    fixed = {"sample": batch.samples, "label": batch.labels, "prediction": own}
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


def _check_labels(batch: Batch, victim: Victim) -> None:
    strange = (batch.labels < 0) | (batch.labels >= victim.classes)
    if strange.any():
        first = int(strange.nonzero()[0])
        raise DataError(
            f"labels: expected 0 to {victim.classes - 1}, for {victim.name} has {victim.classes} classes; "
            f"got {int(batch.labels[first])} for sample {int(batch.samples[first])}"
        )
