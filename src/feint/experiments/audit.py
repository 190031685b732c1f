"""The audit: what an attack that changes no label does to a classifier's confidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor
from tqdm import tqdm

from feint.attacks.targets import reversal_targets
from feint.data import Dataset
from feint.errors import SpecError
from feint.experiments.audit_report import write_audit_report
from feint.experiments.catalog import MEASURES
from feint.experiments.gallery import Gallery
from feint.experiments.machine import default_batch_size, find_device, find_threads, steady
from feint.experiments.part import Part
from feint.experiments.setting import Setting
from feint.experiments.spec import AuditSpec
from feint.experiments.summary import summarise
from feint.experiments.victim import load_data, load_victim
from feint.results import RunFolder

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
    device, threads = find_device(spec.device), find_threads(spec.threads)
    measure = spec.measure or spec.victim.default_measure
    if measure not in MEASURES:
        raise SpecError(f"measure: expected one of {', '.join(MEASURES)}, got {measure!r}")
    with steady(threads):
        dataset = load_data(spec.data)
        victim = load_victim(spec.victim, dataset, seed=spec.seed, device=device, progress=progress)
        batch_size = spec.batch_size or default_batch_size(dataset.shape, device)
        resolved = {"device": device, "threads": threads, "batch_size": batch_size, "measure": measure}
        spec = spec.model_copy(update=resolved)
        setting = Setting.of(spec.attack, victim, dataset, measure=measure, device=device, batch_size=batch_size)
        part = Part(spec, victim, setting, measure, batch_size)
        work = _Work(dataset, part, BATCHES_PER_PART * batch_size)
        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": victim.fingerprint(),
            "guides": setting.fingerprint(),
        }
        with RunFolder.open(root, "audit", identity, parts=len(work.starts), fresh=fresh) as folder:
            if not folder.is_complete:
                skipped = _compute(work, folder, progress)
                summary = {
                    "run": {"id": folder.run, "folder": str(folder.path), "command": command, **folder.versions},
                    **summarise(folder.read(), spec.radii, measure, dataset.classes),
                    "skipped": skipped,
                }
                write_audit_report(folder, spec, dataset, victim, summary)
                folder.finish(summary)
            return AuditResult(folder.path, folder.summary)


@final
@dataclass(frozen=True)
class _Work:
    """What is to be computed, cut into parts."""

    dataset: Dataset
    part: Part
    part_size: int

    @property
    def starts(self) -> range:
        """The position of each part's first image."""
        return range(0, len(self.dataset), self.part_size)


def _compute(work: _Work, folder: RunFolder, progress: bool) -> list[Skipped]:
    """Compute the parts that are not there yet; the images that were skipped, here and in the parts there were."""
    targets = _targets(work, folder, progress) if work.part.spec.attack.goal == "reverse" else None
    gallery, skipped = Gallery.read(folder.path / "gallery.npz"), folder.read_json("skipped.json", default=[])
    done = folder.parts()
    with tqdm(total=len(work.dataset), desc="audit", unit=" images", disable=not progress) as bar:
        for part, start in enumerate(work.starts):
            cut = work.dataset.take(start, start + work.part_size)
            if part not in done:
                for batch in cut.batches(work.part_size):
                    table = work.part.attack(batch, gallery, targets)
                    # These go first: a part that is there must have been noted in both.
                    folder.write_file("gallery.npz", gallery.write)
                    skipped += [list(where) for where in cut.skipped if list(where) not in skipped]
                    folder.write_json("skipped.json", skipped)
                    folder.write_part(part, table)
            bar.update(len(cut))
    return skipped


def _targets(work: _Work, folder: RunFolder, progress: bool) -> dict[int, float]:
    """By sample index, the clean uncertainty at the mirrored rank, from a first pass; stored with the run."""
    stored: dict[str, float] | None = folder.read_json("targets.json", default=None)
    if stored is None:
        samples: list[int] = []
        uncertainties: list[Tensor] = []
        with tqdm(total=len(work.dataset), desc="clean ranks", unit=" images", disable=not progress) as bar:
            for batch in work.dataset.batches(work.part_size):
                samples += batch.samples.numpy().tolist()
                uncertainties.append(work.part.setting.clean_uncertainty(batch.images, batch.samples))
                bar.update(len(batch.samples))
        targets: list[float] = reversal_targets(torch.cat(uncertainties).cpu()).numpy().tolist()
        stored = {str(sample): target for sample, target in zip(samples, targets, strict=True)}
        folder.write_json("targets.json", stored)
    return {int(sample): target for sample, target in stored.items()}
