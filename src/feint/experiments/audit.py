"""The audit: what an attack that changes no label does to a classifier's confidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
from torch import Tensor
from tqdm import tqdm

from feint.attacks import ACE, Adversarial, Budget, Linf
from feint.attacks.objectives import disrupt_confidence, keeps_label
from feint.data import Batch, Dataset
from feint.errors import DataError, SpecError
from feint.estimators import predict
from feint.experiments.audit_report import write_audit_report
from feint.experiments.catalog import MEASURES
from feint.experiments.gallery import Array, Gallery
from feint.experiments.judgement import Columns, applicable_measures, judge
from feint.experiments.machine import cpu_threads, default_batch_size, find_device, find_threads
from feint.experiments.spec import AuditSpec
from feint.experiments.summary import summarise
from feint.experiments.victim import Victim, load_data, load_victim
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.results import RunFolder, records

BATCHES_PER_PART = 4
"""Inputs still in play are pooled from so many batches; a part is also what an interruption can lose."""


Skipped = list[str]
"""Where an image stands that could not be read, and why."""


@final
@dataclass(frozen=True)
class AuditResult:
    """Where an audit lies and what it found.

    Attributes:
        folder: the run folder with records, summary and report.
        summary: what ``summary.json`` holds.
    """

    folder: Path
    summary: dict[str, Any]


def audit(
    spec: AuditSpec, root: Path = Path("feint-runs"), *, command: str = "", fresh: bool = False, progress: bool = True
) -> AuditResult:
    """Attack a classifier's confidence with ACE and say what is left of it.

    The attack sees the weights (white box). The same specification on the same data and weights is the same run: what
    an interrupted one computed is used again, a complete one is only read.

    Args:
        spec: what to audit and how.
        root: where run folders lie.
        command: the command line to show in the report.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    if spec.measure not in MEASURES:
        raise SpecError(f"measure: expected one of {', '.join(MEASURES)}, got {spec.measure!r}")
    device, threads = find_device(spec.device), find_threads(spec.threads)
    with cpu_threads(threads):
        dataset = load_data(spec.data)
        victim = load_victim(spec.network, dataset, seed=spec.seed, device=device, progress=progress)
        batch_size = spec.batch_size or default_batch_size(dataset.shape)
        spec = spec.model_copy(update={"device": device, "threads": threads, "batch_size": batch_size})
        work = _Work(spec, dataset, victim, batch_size)
        identity = {**spec.model_dump(mode="json"), "images": dataset.fingerprint(), "weights": victim.fingerprint}
        with RunFolder.open(root, "audit", identity, parts=len(work.parts), fresh=fresh) as folder:
            if not folder.is_complete:
                skipped = _compute(work, folder, progress)
                summary = {
                    "run": {"id": folder.run, "folder": str(folder.path), "command": command, **folder.versions},
                    **summarise(folder.read(), spec.radii, spec.measure),
                    "skipped": skipped,
                }
                write_audit_report(folder, spec, dataset, victim, summary)
                folder.finish(summary)
            return AuditResult(folder.path, folder.summary)


@final
@dataclass(frozen=True)
class _Work:
    """What is to be computed, cut into parts."""

    spec: AuditSpec
    dataset: Dataset
    victim: Victim
    batch_size: int

    @property
    def parts(self) -> range:
        """Where each part starts."""
        return range(0, len(self.dataset), self.part_size)

    @property
    def part_size(self) -> int:
        """Images per part."""
        return BATCHES_PER_PART * self.batch_size


def _compute(work: _Work, folder: RunFolder, progress: bool) -> list[Skipped]:
    """Compute the parts that are not there yet; the images that were skipped, here and in the parts there were."""
    gallery, skipped = Gallery.read(folder.path / "gallery.npz"), folder.read_json("skipped.json", default=[])
    done = folder.parts()
    with tqdm(total=len(work.dataset), desc="audit", unit=" images", disable=not progress) as bar:
        for part, start in enumerate(work.parts):
            cut = work.dataset.take(start, start + work.part_size)
            if part not in done:
                for batch in cut.batches(work.part_size):
                    table = _attack(work, batch, gallery)
                    # These go first: a part that is there must have been noted in both.
                    folder.write_file("gallery.npz", gallery.write)
                    skipped += [list(where) for where in cut.skipped if list(where) not in skipped]
                    folder.write_json("skipped.json", skipped)
                    folder.write_part(part, table)
            bar.update(len(cut))
    return skipped


def _attack(work: _Work, batch: Batch, gallery: Gallery) -> pa.Table:
    """Attack one part at all radii, judge it, and return its records."""
    spec, estimator, size = work.spec, work.victim.estimator, work.batch_size
    images, labels, samples = (tensor.to(spec.device) for tensor in batch)
    _check_labels(batch, work.victim)

    def predicted(inputs: Tensor, rows: Tensor) -> Categorical:
        return estimator(inputs, samples[rows])

    clean = predict(estimator, images, samples, batch_size=size)
    own = clean.prediction
    results = ACE().grid(
        disrupt_confidence(lambda inputs, rows: label_doubt(predicted(inputs, rows), own[rows]), own == labels),
        images,
        [Budget(radius) for radius in spec.radii],
        keeps_label(predicted, own),
        batch_size=size,
    )

    measures = applicable_measures(clean[:1])
    same = {
        "sample": batch.samples.numpy(),
        "clean_prediction": own.cpu().numpy(),
        "repeat": np.int16(0),
        "seed": spec.seed,
    }
    untouched = {"variant": "clean", "radius": 0.0, "feasible": True}
    untouched |= dict.fromkeys(("accepted", "measured", "changed", "gradients", "queries"), 0)
    tables = [records.table({**same, **judge(clean, labels, measures), **untouched}, measures)]
    for radius, result in zip(spec.radii, results, strict=True):
        rounded = (result.inputs * 255).round() / 255
        for variant, inputs in (("attacked", result.inputs), ("rounded", rounded)):
            judged = judge(predict(estimator, inputs, samples, batch_size=size), labels, measures)
            spent = {"variant": variant, "radius": radius, **_spent(result, inputs - images)}
            tables.append(records.table({**same, **judged, **spent}, measures))
            if variant == "attacked":
                gallery.add(_pictures(tables[0], tables[-1], images, inputs))
    return pa.concat_tables(tables)


def _check_labels(batch: Batch, victim: Victim) -> None:
    wrong = (batch.labels < 0) | (batch.labels >= victim.classes)
    if wrong.any():
        first = int(wrong.nonzero()[0])
        raise DataError(
            f"labels: expected 0 to {victim.classes - 1}, for {victim.name} has {victim.classes} classes; "
            f"got {int(batch.labels[first])} for sample {int(batch.samples[first])}"
        )


def _spent(result: Adversarial, perturbation: Tensor) -> Columns:
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

    def column(table: pa.Table, name: str) -> Array:
        return table.column(name).to_numpy()

    doubt = f"{records.MEASURE}max_probability"
    return {
        **{name: column(attacked, name) for name in ("sample", "radius", "label", "clean_prediction", "prediction")},
        "before": 1 - column(clean, doubt),
        "after": 1 - column(attacked, doubt),
        "original": originals.permute(0, 2, 3, 1).float().cpu().numpy(),
        "attacked": changed.permute(0, 2, 3, 1).float().cpu().numpy(),
    }
