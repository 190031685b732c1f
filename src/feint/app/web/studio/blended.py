"""The images of a pair: both ends, and between them every kind of blend at one place along the way."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from feint.experiments.interpolation.pairs import KINDS, Pairs
from feint.experiments.scene import Scene
from feint.reports.images import png
from feint.runs.run import Run
from feint.victims.data import load_data
from feint.victims.loading.autoencoder import load_autoencoder

from .pictures import channels_last
from .warm import Warm

SAID: Final = ("latent blend", "pixel blend", "pixels of both, decoded")
"""What the kinds of blends are called below a small picture."""


def blended(kept: Warm, run: Run, pairs: Sequence[int], share: float) -> list[list[dict[str, Any]]]:
    """Pictures of some pairs of a run on blends, as PNG with what each is.

    Raises:
        FeintError: the data or the autoencoder are not there any more.
    """
    if not pairs:
        return []
    scene, ends = _scene(kept, run), run.arrays("pairs")
    known: Any = scene.dataset.samples
    chosen = (np.searchsorted(known, ends[name][list(pairs)]) for name in ("first", "second"))
    images = [scene.dataset.only([int(at) for at in places]).inputs for places in chosen]
    both = Pairs(*images)
    ways = [(said, both.blend(scene, kind, share)) for kind, said in zip(KINDS, SAID, strict=True)]
    shown = [("first image", both.first), *ways, ("second image", both.second)]
    return [
        [{"png": png(channels_last(found[at]), largest=96), "label": label} for label, found in shown]
        for at in range(len(pairs))
    ]


def _scene(kept: Warm, run: Run) -> Scene:
    """The run's images and its autoencoder; nobody looks at them."""
    settings: Any = run.settings

    def made() -> Scene:
        dataset = load_data(settings.data, kept.machine, pictures=True)
        return Scene(dataset, load_autoencoder(settings.autoencoder, dataset, kept.machine), [], 1, "cpu")

    return kept.other(f"scene {run.id}", made)
