"""Blends of two images, in pixels and in latent space: what each measure makes of the way and of its middle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, final

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from feint.errors import SpecError
from feint.experiments.catalog import MEASURES
from feint.experiments.run import Array, RunResult, facts, head, kept
from feint.experiments.scene import Scene, SceneSpec, identity, open_scene
from feint.experiments.victim import Victim
from feint.metrics import Interval, auroc, bootstrap
from feint.results import RunFolder
from feint.results.interpolation_page import write_interpolation
from feint.results.latent import KINDS, Blended, InterpolationReport

Measured = dict[str, dict[str, Array]]
"""Kind of blend -> measure -> values."""


@final
class InterpolateSpec(SceneSpec):
    """Blends of pairs of images of different classes.

    Attributes:
        pairs: how many are blended half-way.
        paths: how many of them are followed along the way.
        steps: images along the way, both ends among them.
        resamples: of the intervals.
    """

    pairs: Annotated[int, Field(gt=1)] = 3000
    paths: Annotated[int, Field(gt=0)] = 50
    steps: Annotated[int, Field(gt=2)] = 11
    resamples: Annotated[int, Field(gt=0)] = 500


@final
@dataclass(frozen=True, eq=False)
class Pairs:
    """Both ends of every way.

    Attributes:
        first: images, shape ``(N, channels, height, width)``.
        second: images of other classes, likewise.
    """

    first: Float[Tensor, " N channels height width"]
    second: Float[Tensor, " N channels height width"]

    def blend(self, scene: Scene, kind: str, share: float) -> Float[Tensor, " N channels height width"]:
        """The images this share of the way from the first to the second.

        Args:
            scene: who encodes and decodes.
            kind: "latent", "pixel", or "reconstruction" for pixels of what the autoencoder makes of both ends.
            share: in [0, 1].
        """
        if kind == "pixel":
            return torch.lerp(self.first, self.second, share)
        codes = scene.encode(self.first), scene.encode(self.second)
        if kind == "reconstruction":
            return torch.lerp(scene.decode(codes[0]), scene.decode(codes[1]), share)
        return scene.decode(torch.lerp(*codes, share))

    def some(self, count: int) -> "Pairs":
        """The first so many."""
        return Pairs(self.first[:count], self.second[:count])


def interpolate(
    spec: InterpolateSpec,
    root: Path = Path("feint-runs"),
    *,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> RunResult:
    """Blend pairs of images in pixels and in latent space, and see which measure tells the blends apart.

    Args:
        spec: what to blend.
        root: where run folders lie.
        command: the command line to show on the page.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.

    Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", figures 2
    and 3.
    """
    with open_scene(spec, progress=progress) as (spec, scene):
        images, labels, _ = scene.dataset.gather(range(len(scene.dataset)))
        first, second = draw_pairs(labels, spec.pairs, seed=spec.seed)
        with RunFolder.open(root, "interpolate", identity(spec, scene), fresh=fresh) as folder:
            if not folder.is_complete:
                report = _report(spec, scene, folder, Pairs(images[first], images[second]))
                summary = _summary(report, folder, command)
                write_interpolation(folder, report, headline(summary), command)
                folder.finish(summary)
            return RunResult(folder.path, folder.summary)


def draw_pairs(labels: Int[Tensor, " N"], count: int, *, seed: int) -> tuple[Int[Tensor, " P"], Int[Tensor, " P"]]:
    """Positions of pairs of different classes, each drawn with replacement: the first freely, the second from the rest.

    Raises:
        SpecError: all images are of one class.
    """
    if bool((labels == labels[0]).all()):
        raise SpecError(f"data: expected images of at least two classes, got {len(labels)} of one")
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(len(labels), (2, count), generator=generator)
    while bool((same := labels[first] == labels[second]).any()):
        second[same] = torch.randint(len(labels), (int(same.sum()),), generator=generator)
    return first, second


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    found = [
        f"{victim['name']} {scores['mutual_information']['estimate']:.3f} against "
        f"{scores['predictive_entropy']['estimate']:.3f}"
        for victim in summary["victims"]
        if "mutual_information" in (scores := victim["auroc"]["pixel"])
    ]
    if not found:
        return "Mutual information is not applicable: no victim has more than one draw."
    return f"AUROC by which mutual information and entropy tell pixel blends from latent blends: {'; '.join(found)}."


def _report(spec: InterpolateSpec, scene: Scene, folder: RunFolder, pairs: Pairs) -> InterpolationReport:
    steps = np.linspace(0, 1, spec.steps)
    blended: list[Blended] = []
    for index, victim in enumerate(scene.victims):

        def compute(victim: Victim = victim) -> dict[str, Array]:
            return _measured(scene, victim, pairs, spec.paths, steps)

        found = kept(folder, f"blends-{index}.npz", compute)
        blended.append(_blended(victim.name, found, spec.resamples))
    one = pairs.some(1)
    strips = {
        kind: torch.cat([one.blend(scene, kind, share) for share in steps.tolist()]).permute(0, 2, 3, 1).numpy()
        for kind in KINDS
    }
    return InterpolationReport(
        title=f"feint interpolate: {spec.autoencoder.name} on {scene.dataset.name}",
        steps=steps,
        strips=strips,
        pairs=spec.pairs,
        victims=tuple(blended),
        facts={
            "data": f"{scene.dataset.name}, {len(scene.dataset)} images",
            "autoencoder": spec.autoencoder.name,
            "pairs": f"{spec.pairs} of different classes; {min(spec.paths, spec.pairs)} along the way",
            "victims": ", ".join(victim.name for victim in scene.victims),
            **facts(folder),
        },
    )


def _measured(scene: Scene, victim: Victim, pairs: Pairs, paths: int, steps: Array) -> dict[str, Array]:
    """Values of all measures: "halves/KIND/MEASURE" shape (pairs,), "paths/KIND/MEASURE" shape (paths, steps)."""
    found: dict[str, Array] = {}
    few = pairs.some(paths)
    keys, few_keys = torch.arange(len(pairs.first)), torch.arange(len(few.first))
    for kind in KINDS:
        values = scene.measure(victim, pairs.blend(scene, kind, 0.5), keys, f"{kind}, half-way")
        found |= {f"halves/{kind}/{name}": values[name] for name in MEASURES if name in values}
        along = torch.cat([few.blend(scene, kind, share) for share in steps.tolist()])
        values = scene.measure(victim, along, few_keys.repeat(len(steps)), f"{kind}, along the way")
        found |= {f"paths/{kind}/{name}": values[name].reshape(len(steps), -1).T for name in MEASURES if name in values}
    return found


def _blended(name: str, found: Mapping[str, Array], resamples: int) -> Blended:
    sorted_out: dict[str, Measured] = {"halves": {}, "paths": {}}
    for key, values in found.items():
        part, kind, measure = key.split("/")
        sorted_out[part].setdefault(kind, {})[measure] = values
    halves = sorted_out["halves"]
    others = [kind for kind in KINDS if kind != "latent"]
    detection = {
        kind: {
            measure: _interval(detects(halves["latent"], halves[kind], measure, resamples=resamples))
            for measure in halves["latent"]
        }
        for kind in others
    }
    advantage = {
        kind: _interval(advantage_of_information(halves["latent"], halves[kind], resamples=resamples))
        for kind in others
        if "mutual_information" in halves["latent"]
    }
    return Blended(name, halves, sorted_out["paths"], detection, advantage)


def detects(
    latent: Mapping[str, Array], other: Mapping[str, Array], measure: str, *, resamples: int = 1000
) -> Interval:
    """The AUROC by which a measure tells other blends from latent ones of the same pairs; pairs are drawn anew."""
    return bootstrap(
        _told_apart, torch.as_tensor(latent[measure]), torch.as_tensor(other[measure]), resamples=resamples
    )


def advantage_of_information(
    latent: Mapping[str, Array], other: Mapping[str, Array], *, resamples: int = 1000
) -> Interval:
    """How much larger the AUROC of mutual information is than that of entropy, on the same pairs."""

    def difference(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> float:
        return _told_apart(a, b) - _told_apart(c, d)

    names = ("mutual_information", "predictive_entropy")
    values = [torch.as_tensor(found[name]) for name in names for found in (latent, other)]
    return bootstrap(difference, *values, resamples=resamples)


def _told_apart(negatives: Float[Tensor, " N"], positives: Float[Tensor, " N"]) -> float:
    events = torch.arange(2 * len(negatives)) >= len(negatives)
    return auroc(torch.cat([negatives, positives]), events)


def _interval(found: Interval) -> tuple[float, float, float]:
    return found.low, found.estimate, found.high


def _summary(report: InterpolationReport, folder: RunFolder, command: str) -> dict[str, Any]:
    def said(interval: tuple[float, float, float]) -> dict[str, float]:
        return dict(zip(("low", "estimate", "high"), interval, strict=True))

    return {
        "run": head(folder, command),
        "pairs": report.pairs,
        "victims": [
            {
                "name": victim.name,
                "auroc": {
                    kind: {name: said(interval) for name, interval in found.items()}
                    for kind, found in victim.detection.items()
                },
                "information_less_entropy": {kind: said(interval) for kind, interval in victim.advantage.items()},
                "medians_half_way": {
                    kind: {name: float(np.median(values)) for name, values in found.items()}
                    for kind, found in victim.halves.items()
                },
            }
            for victim in report.victims
        ],
    }
