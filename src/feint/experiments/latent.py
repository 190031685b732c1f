"""Measures over the latent plane of an autoencoder, and the confident rubbish far away from all data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from feint.errors import SpecError
from feint.experiments.catalog import MEASURES
from feint.experiments.run import Array, RunResult, facts, head, kept
from feint.experiments.scene import Scene, SceneSpec, identity, open_scene
from feint.experiments.victim import Victim
from feint.results import RunFolder
from feint.results.latent import LatentReport, Mapped, Plane, Rubbish
from feint.results.latent_page import write_latent

MOSAIC = 21
"""Decoded images on each side of the picture of the plane."""


@final
class LatentSpec(SceneSpec):
    """Maps of the latent plane: of an autoencoder with two latent dimensions, by images that say what is usual.

    Attributes:
        side: points on each side of the grid.
        extent: the plane reaches this far from 0 in all four directions; None for 1.5 times as far as the images.
        far: a point is far from all data if it is further from the nearest encoded image than this share of the encoded
            images are from the nearest other.
        flagged: a point is confident by a measure whose value is within the range of all but this share of the images.
        shown: how many pieces of rubbish are shown for each victim.
    """

    side: Annotated[int, Field(gt=1, le=1000)] = 80
    extent: Annotated[float, Field(gt=0)] | None = None
    far: Annotated[float, Field(ge=0, le=1)] = 0.999
    flagged: Annotated[float, Field(gt=0, lt=1)] = 0.05
    shown: Annotated[int, Field(ge=0)] = 8


def latent(
    spec: LatentSpec,
    root: Path = Path("feint-runs"),
    *,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> RunResult:
    """Map every applicable measure over the latent plane, and find points far from all data that look familiar.

    Args:
        spec: what to map.
        root: where run folders lie.
        command: the command line to show on the page.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.

    Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", figures 1
    and 4 to 6.
    """
    with open_scene(spec, progress=progress) as (spec, scene):
        if scene.autoencoder.latent != 2:
            raise SpecError(f"autoencoder: expected two latent dimensions, got {scene.autoencoder.latent}")
        if len(scene.dataset) < 2:
            raise SpecError(
                f"data: expected at least two images, whose distance says what is far, got {len(scene.dataset)}"
            )
        with RunFolder.open(root, "latent", identity(spec, scene), fresh=fresh) as folder:
            if not folder.is_complete:
                report = _report(spec, scene, folder)
                summary = _summary(report, folder, command)
                write_latent(folder, report, headline(summary), command)
                folder.finish(summary)
            return RunResult(folder.path, folder.summary)


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    shares = [
        f"{victim['name']} {100 * victim['far_confident']['both']:.0f} %"
        for victim in summary["victims"]
        if victim["far_confident"]["both"] is not None
    ]
    if not shares:
        return "No point of this plane is far from all data."
    return f"Far from all data, this much of the latent plane still looks familiar: {', '.join(shares)}."


def _report(spec: LatentSpec, scene: Scene, folder: RunFolder) -> LatentReport:
    images, labels, samples = scene.dataset.gather(range(len(scene.dataset)))
    encoded = scene.encode(images)
    extent = spec.extent or float(f"{1.5 * float(encoded.abs().max()):.2g}")
    axis = torch.linspace(-extent, extent, spec.side)
    points = _grid(axis)
    decoded = scene.decode(points)
    distance, usual = _distances(encoded.numpy(), points.numpy())
    border = float(np.quantile(usual, spec.far))
    plane = Plane(
        axis=axis.numpy(),
        encoded=encoded.numpy(),
        labels=labels.numpy(),
        classes=scene.dataset.classes,
        distance=distance.reshape(spec.side, spec.side),
        border=border,
        mosaic=scene.decode(_grid(torch.linspace(-extent, extent, MOSAIC))).permute(0, 2, 3, 1).numpy(),
    )
    kept(
        folder,
        "plane.npz",
        lambda: {"axis": plane.axis, "encoded": plane.encoded, "labels": plane.labels, "distance": plane.distance},
    )
    mapped: list[Mapped] = []
    for index, victim in enumerate(scene.victims):

        def real(victim: Victim = victim) -> dict[str, Array]:
            return scene.measure(victim, images, samples, "images")

        def over_plane(victim: Victim = victim) -> dict[str, Array]:
            return scene.measure(victim, decoded, torch.arange(len(decoded)), "plane")

        usual_values = kept(folder, f"images-{index}.npz", real)
        found = kept(folder, f"maps-{index}.npz", over_plane)
        mapped.append(_mapped(spec, victim.name, usual_values, found, plane, decoded, labels.numpy()))
    return LatentReport(
        title=f"feint latent: {spec.autoencoder.name} on {scene.dataset.name}",
        plane=plane,
        victims=tuple(mapped),
        flagged=spec.flagged,
        far=spec.far,
        facts={
            "data": f"{scene.dataset.name}, {len(images)} images",
            "autoencoder": spec.autoencoder.name,
            "plane": f"{spec.side} x {spec.side} points from {-extent:g} to {extent:g}",
            "victims": ", ".join(victim.name for victim in scene.victims),
            **facts(folder),
        },
    )


def _grid(axis: Float[Tensor, " G"]) -> Float[Tensor, " N 2"]:
    """All points of a square grid, row by row from the bottom, the horizontal coordinate running fastest."""
    vertical, horizontal = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([horizontal.flatten(), vertical.flatten()], dim=1)


def _distances(encoded: Array, points: Array) -> tuple[Array, Array]:
    """From each point to the nearest encoded image, and from each of those to the nearest other."""
    from scipy.spatial import KDTree  # slow to import, and only needed here

    tree: Any = KDTree(encoded)
    among: Array = tree.query(encoded, k=2)[0][:, 1]
    return tree.query(points)[0], among


def _mapped(
    spec: LatentSpec,
    name: str,
    usual: Mapping[str, Array],
    found: Mapping[str, Array],
    plane: Plane,
    decoded: Tensor,
    labels: Array,
) -> Mapped:
    names = [measure for measure in MEASURES if measure in found]
    limits = {measure: float(np.quantile(usual[measure], 1 - spec.flagged)) for measure in names}
    shape = plane.distance.shape
    confident = {measure: (found[measure] <= limits[measure]).reshape(shape) for measure in names}
    both = confident["predictive_entropy"] & confident.get("mutual_information", True)
    rubbish = tuple(
        Rubbish(
            image=decoded[place].permute(1, 2, 0).numpy(),
            x=float(plane.axis[place % len(plane.axis)]),
            y=float(plane.axis[place // len(plane.axis)]),
            distance=float(plane.distance.flat[place]),
            prediction=int(found["prediction"][place]),
            confidence=float(found["confidence"][place]),
            entropy=float(found["predictive_entropy"][place]),
            information=float(found["mutual_information"][place]) if "mutual_information" in found else None,
        )
        for place in _spread_out(plane, both & plane.is_far, spec.shown)
    )
    return Mapped(
        name=name,
        accuracy=float((usual["prediction"] == labels).mean()),
        measures={measure: found[measure].reshape(shape) for measure in names},
        limits=limits,
        confident=confident,
        confident_by_both=both,
        rubbish=rubbish,
    )


def _spread_out(plane: Plane, eligible: Array, count: int) -> list[int]:
    """A few of the eligible places: always the one furthest from all images and from those chosen before."""
    places = np.flatnonzero(eligible)
    chosen: list[int] = []
    if not len(places):
        return chosen
    side = len(plane.axis)
    where = np.stack([plane.axis[places % side], plane.axis[places // side]], axis=1)
    nearest = plane.distance.ravel()[places]
    for _ in range(min(count, len(places))):
        at = int(np.argmax(nearest))
        chosen.append(int(places[at]))
        nearest = np.minimum(nearest, np.linalg.norm(where - where[at], axis=1))
    return chosen


def _summary(report: LatentReport, folder: RunFolder, command: str) -> dict[str, Any]:
    plane = report.plane
    return {
        "run": head(folder, command),
        "images": len(plane.labels),
        "points": plane.distance.size,
        "extent": float(plane.axis[-1]),
        "far_beyond": plane.border,
        "far_share": float(plane.is_far.mean()),
        "flagged": report.flagged,
        "victims": [
            {
                "name": victim.name,
                "accuracy": victim.accuracy,
                "limits": victim.limits,
                "far_confident": victim.shares(plane.is_far),
                "near_confident": victim.shares(~plane.is_far),
                "rubbish": [piece.numbers() for piece in victim.rubbish],
            }
            for victim in report.victims
        ],
    }
