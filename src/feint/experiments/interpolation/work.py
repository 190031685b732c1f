"""The work: which images are paired, what each victim makes of each kind of blend, and the blends of one pair."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
import torch

from feint.data import Dataset
from feint.errors import SpecError
from feint.experiments.scene import Scene, set_scene
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work

from .pairs import KINDS, Pairs, draw_pairs
from .settings import InterpolationSettings


def prepare(settings: InterpolationSettings, machine: Machine) -> Work:
    """Blend pairs of images in pixels and in latent space, and see which measure tells the blends apart.

    Raises:
        FeintError: whatever does not load or does not go together.

    Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", figures 2
    and 3.
    """
    settings, scene = set_scene(settings, machine)
    _check_classes(scene.dataset)
    interpolation = Interpolation(settings, scene)
    return Work(settings, scene.identity, scene.about, interpolation.stages)


def _check_classes(dataset: Dataset) -> None:
    """Read labels until there are two, so that images of one class are refused before anything is computed."""
    first: int | None = None
    for batch in dataset.batches(1000):
        first = int(batch.targets[0]) if first is None else first
        if bool((batch.targets != first).any()):
            return
    raise SpecError(f"data: expected images of at least two classes, got {len(dataset)} of one")


@final
@dataclass(frozen=True, eq=False)
class Interpolation:
    """How each piece is computed.

    Attributes:
        settings: what is blended, resolved.
        scene: who looks at it.
    """

    settings: InterpolationSettings
    scene: Scene

    @property
    def stages(self) -> list[Stage]:
        """The pairs, what victims make of their blends, and the pictures of one pair."""
        size = self.settings.pairs + min(self.settings.paths, self.settings.pairs) * self.settings.steps
        blends = [
            Piece(f"{which}-{kind}", size, (which, at))
            for which in range(len(self.scene.victims))
            for at, kind in enumerate(KINDS)
        ]
        return [
            Stage.single("pairs", self._pairs, arrays=["pairs"]),
            Stage("blends", blends, self._blends, arrays=["blends"]),
            Stage.single("strips", self._strips, arrays=["strips"]),
        ]

    def _pairs(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Which images are paired: all are read once, and only their labels kept."""
        dataset = self.scene.dataset.take(0, len(self.scene.dataset))
        labels, samples, count = *torch.empty(2, len(dataset), dtype=torch.int64), 0
        for batch in dataset.batches(1000):
            stop = count + len(batch.samples)
            labels[count:stop], samples[count:stop] = batch.targets, batch.samples
            count = stop
        labels, samples = labels[:count], samples[:count]
        first, second = draw_pairs(labels, self.settings.pairs, seed=self.settings.seed)
        pairs = {"first": samples[first], "second": samples[second]}
        pairs |= {"first_label": labels[first], "second_label": labels[second]}
        return Found(arrays={"pairs": {name: each.numpy() for name, each in pairs.items()}}, skipped=dataset.skipped)

    @cached_property
    def _held(self) -> dict[str, Pairs]:
        return {}

    def _read(self, earlier: Run) -> Pairs:
        """The pairs' images: they alone are held, for they are needed for each kind of blend and each victim."""
        if not self._held:
            dataset, pairs = self.scene.dataset, earlier.arrays("pairs")
            samples, rows = np.unique(np.concatenate([pairs["first"], pairs["second"]]), return_inverse=True)
            images = dataset.only(np.searchsorted(dataset.samples, samples).tolist()).inputs
            first, second = rows[: self.settings.pairs], rows[self.settings.pairs :]
            self._held["pairs"] = Pairs(images[first], images[second])
        return self._held["pairs"]

    @property
    def _shares(self) -> list[float]:
        return np.linspace(0, 1, self.settings.steps).tolist()

    def _blends(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """All measures of one kind: "halves/MEASURE", shape (pairs,), and "paths/MEASURE", shape (paths, steps).

        Of the paths also "paths/prediction": where pixels are blended, both ends are the images themselves.
        """
        victim, kind = self.scene.victims[piece.at[0]], list(KINDS)[piece.at[1]]
        pairs, found = self._read(earlier), dict[str, Array]()
        few = pairs.some(self.settings.paths)
        halves = self.scene.look(victim, pairs.blend(self.scene, kind, 0.5), torch.arange(len(pairs.first)))
        along = torch.cat([few.blend(self.scene, kind, share) for share in self._shares])
        paths = self.scene.look(victim, along, torch.arange(len(few.first)).repeat(self.settings.steps))
        for name in victim.measures:
            found[f"halves/{name}"] = halves[name]
        for name in (*victim.measures, "prediction"):
            found[f"paths/{name}"] = paths[name].reshape(self.settings.steps, -1).T
        return Found(arrays={"blends": found})

    def _strips(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The images along the way of the first pair, kind by kind, shape (steps, height, width, channels)."""
        one = self._read(earlier).some(1)
        strips = {
            kind: torch.cat([one.blend(self.scene, kind, share) for share in self._shares]).permute(0, 2, 3, 1).numpy()
            for kind in KINDS
        }
        return Found(arrays={"strips": strips})
