"""The audit: what an attack that changes no label does to a classifier's confidence."""

from pathlib import Path

import pyarrow as pa
import torch
from torch import Tensor
from tqdm import tqdm

from feint.attacks.targets import reversal_targets
from feint.data import Dataset
from feint.errors import SpecError
from feint.experiments.audit_report import write_audit_report
from feint.experiments.catalog import MEASURES
from feint.experiments.gallery import Gallery
from feint.experiments.part import Part
from feint.experiments.run import BATCHES_PER_PART, Piece, RunResult, begun, head, part_count, walk
from feint.experiments.setting import Setting
from feint.experiments.spec import AuditSpec
from feint.experiments.summary import summarise
from feint.experiments.victim import load_data
from feint.results import RunFolder

AuditResult = RunResult
"""Where an audit lies and what it found."""


def audit(
    spec: AuditSpec, root: Path = Path("feint-runs"), *, command: str = "", fresh: bool = False, progress: bool = True
) -> AuditResult:
    """Attack a classifier's confidence with ACE and say what is left of it.

    The attack sees the victim's weights (white box), or those of proxies and the victim's labels (black box). The same
    specification on the same data and weights is the same run: what an interrupted one computed is used again, a
    complete one is only read.

    Args:
        spec: what to audit and how.
        root: where run folders lie.
        command: the command line to show in the report.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    measure = spec.measure or spec.victim.default_measure
    if measure not in MEASURES:
        raise SpecError(f"measure: expected one of {', '.join(MEASURES)}, got {measure!r}")
    spec, dataset = spec.model_copy(update={"measure": measure}), load_data(spec.data)
    with begun(spec, dataset, [spec.victim], progress=progress) as (spec, (victim,), size):
        setting = Setting.of(spec.attack, victim, dataset, measure=measure, device=spec.device, batch_size=size)
        part = Part(spec, victim, setting, measure, size)
        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": victim.fingerprint(),
            "guides": setting.fingerprint(),
        }
        with RunFolder.open(root, "audit", identity, parts=part_count(dataset, size), fresh=fresh) as folder:
            if not folder.is_complete:
                skipped = _compute(part, dataset, folder, progress)
                summary = {
                    "run": head(folder, command),
                    **summarise(folder.read(), spec.radii, measure, dataset.classes),
                    "skipped": skipped,
                }
                write_audit_report(folder, spec, dataset, victim, summary)
                folder.finish(summary)
            return AuditResult(folder.path, folder.summary)


def _compute(part: Part, dataset: Dataset, folder: RunFolder, progress: bool) -> list[list[str]]:
    """Compute the parts that are not there yet, and the gallery beside them; the images that were skipped."""
    targets = _targets(part, dataset, folder, progress) if part.spec.attack.goal == "reverse" else None
    gallery = Gallery.read(folder.path / "gallery.npz")

    def compute(piece: Piece) -> pa.Table:
        table = part.attack(piece.batch, gallery, targets)
        folder.write_file("gallery.npz", gallery.write)
        return table

    return walk(folder, dataset, part.batch_size, compute, names=["audit"], progress=progress)


def _targets(part: Part, dataset: Dataset, folder: RunFolder, progress: bool) -> dict[int, float]:
    """By sample index, the clean uncertainty at the mirrored rank, from a first pass; stored with the run."""
    stored: dict[str, float] | None = folder.read_json("targets.json", default=None)
    if stored is None:
        samples: list[int] = []
        uncertainties: list[Tensor] = []
        with tqdm(total=len(dataset), desc="clean ranks", unit=" images", disable=not progress) as bar:
            for batch in dataset.batches(BATCHES_PER_PART * part.batch_size):
                samples += batch.samples.numpy().tolist()
                uncertainties.append(part.setting.clean_uncertainty(batch.inputs, batch.samples))
                bar.update(len(batch.samples))
        targets: list[float] = reversal_targets(torch.cat(uncertainties).cpu()).numpy().tolist()
        stored = {str(sample): target for sample, target in zip(samples, targets, strict=True)}
        folder.write_json("targets.json", stored)
    return {int(sample): target for sample, target in stored.items()}
