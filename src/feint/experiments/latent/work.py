"""The work: the plane and the images on it, what the victims say of images and points, and the rubbish far away."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import SpecError
from feint.experiments.scene import BATCHES, CALL, Scene, set_scene
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.victims.walk import Walk

from .plane import read_mapped, read_plane, spread_out
from .settings import LatentSettings

MOSAIC = 21
"""Decoded images on each side of the picture of the plane."""
POINTS_PER_PIECE = 2000
"""At most so many, if victims are asked about fewer at once."""


def prepare(settings: LatentSettings, machine: Machine) -> Work:
    """Map every applicable measure over the latent plane, and find points far from all data that look familiar.

    Raises:
        FeintError: whatever does not load or does not go together.

    Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", figures 1
    and 4 to 6.
    """
    settings, scene = set_scene(settings, machine)
    if scene.autoencoder.latent != 2:
        raise SpecError(f"autoencoder: expected two latent dimensions, got {scene.autoencoder.latent}")
    _check_count(len(scene.dataset))
    latent = Latent(settings, scene, Walk(scene.dataset, scene.batch_size, len(scene.victims), BATCHES))
    return Work(settings, scene.identity, scene.about, latent.stages)


def _check_count(images: int) -> None:
    if images < 2:
        raise SpecError(f"data: expected at least two images, whose distance says what is far, got {images}")


@final
@dataclass(frozen=True, eq=False)
class Latent:
    """How each piece is computed.

    Attributes:
        settings: what is mapped, resolved.
        scene: who looks at it.
        walk: the images, in parts.
    """

    settings: LatentSettings
    scene: Scene
    walk: Walk

    @property
    def stages(self) -> list[Stage]:
        """The plane, images as victims see them, points likewise, and the rubbish."""
        victims, points = range(len(self.scene.victims)), self.settings.side**2
        step = self.scene.at_once * max(1, POINTS_PER_PIECE // self.scene.at_once)
        parts = [
            Piece(f"{index:05d}-{which}", min(step, points - start), (which, start, min(start + step, points)))
            for index, start in enumerate(range(0, points, step))
            for which in victims
        ]
        each = [Piece(str(which), at=(which,)) for which in victims]
        schema = self.scene.schema
        return [
            Stage.single("plane", self._plane, arrays=["plane", "mosaic"]),
            Stage("images", self.walk.pieces, self._images, {"images": schema("sample", "label")}, cut=self.walk.cut),
            Stage("maps", parts, self._maps, tables={"maps": schema("point")}, unit="points"),
            Stage("rubbish", each, self._rubbish, arrays=["rubbish"], unit="victims"),
        ]

    def _plane(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Where the images are, read once and held as codes alone, and how far the grid's points are from them."""
        dataset, settings = self.scene.dataset.take(0, len(self.scene.dataset)), self.settings
        # Filled in, not appended to: small tensors that stay between large ones that go leave memory in shreds.
        encoded, labels, count = torch.empty(len(dataset), 2), torch.empty(len(dataset), dtype=torch.int64), 0
        for batch in dataset.batches(CALL):
            stop = count + len(batch.samples)
            encoded[count:stop], labels[count:stop] = self.scene.encode(batch.inputs), batch.targets
            count = stop
        encoded, labels = encoded[:count], labels[:count]
        _check_count(len(encoded))
        extent = settings.extent or float(f"{1.5 * float(encoded.abs().max()):.2g}")
        axis = torch.linspace(-extent, extent, settings.side)
        distance, among = _distances(encoded.numpy(), _grid(axis).numpy())
        plane = {
            "axis": axis.numpy(),
            "encoded": encoded.numpy(),
            "labels": labels.numpy(),
            "distance": distance.reshape(settings.side, settings.side),
            "among": among,
        }
        mosaic = _pictures(self.scene.decode(_grid(torch.linspace(-extent, extent, MOSAIC))))
        return Found(arrays={"plane": plane, "mosaic": {"images": mosaic}}, skipped=dataset.skipped)

    def _images(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What a victim says of a part of the images."""
        batch, skipped = self.walk.read(piece)
        keys = {"sample": batch.samples.numpy(), "label": batch.targets.numpy()}
        return Found({"images": self.scene.seen(piece.at[0], batch.inputs, batch.samples, **keys)}, skipped=skipped)

    def _maps(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What a victim says of some points, which are decoded on the spot."""
        which, start, stop = piece.at
        samples = torch.arange(start, stop)
        images = self._decoded(_points(earlier), start, stop)
        return Found({"maps": self.scene.seen(which, images, samples, point=samples.numpy())})

    def _rubbish(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Points far from all data that look familiar to a victim, and their images, as it saw them."""
        plane, victim = read_plane(earlier), read_mapped(earlier, piece.at[0])
        places = spread_out(plane, victim.confident_by_both & plane.is_far, self.settings.shown)
        points = _points(earlier)
        images = [_pictures(self._decoded(points, place, place + 1))[0] for place in places]
        found = np.stack(images) if images else np.empty((0, *_last(self.scene.dataset.shape)), np.float32)
        return Found(arrays={"rubbish": {"points": np.array(places, np.int64), "images": found}})

    def _decoded(self, points: Tensor, start: int, stop: int) -> Float[Tensor, " N channels height width"]:
        """Some points' images, out of the calls that all points are decoded in: others may have other last bits."""
        first = start - start % CALL
        return self.scene.decode(points[first : stop + -stop % CALL])[start - first : stop - first]


def _points(earlier: Run) -> Float[Tensor, " N 2"]:
    return _grid(torch.as_tensor(earlier.arrays("plane")["axis"]))


def _grid(axis: Float[Tensor, " G"]) -> Float[Tensor, " N 2"]:
    """All points of a square grid, row by row from the bottom, the horizontal coordinate running fastest."""
    vertical, horizontal = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([horizontal.flatten(), vertical.flatten()], dim=1)


def _pictures(images: Float[Tensor, " N channels height width"]) -> Array:
    """With the channels last."""
    return images.permute(0, 2, 3, 1).contiguous().numpy()


def _last(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    return (*shape[1:], shape[0])


def _distances(encoded: Array, points: Array) -> tuple[Array, Array]:
    """From each point to the nearest encoded image, and from each of those to the nearest other."""
    from scipy.spatial import KDTree  # slow to import, and only needed here

    tree: Any = KDTree(encoded)
    among: Array = tree.query(encoded, k=2)[0][:, 1]
    return tree.query(points)[0], among
