"""The images behind a mark of a chart, as a run's records have them, with the nearest training images beside each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.app.web.reading import marks
from feint.app.web.reading.blends import share
from feint.app.web.reading.children import child_of
from feint.app.web.reading.places import Place, places
from feint.app.web.reading.runs import opened
from feint.data import Dataset
from feint.errors import FeintError
from feint.experiments.out_domain.work import foreign_data
from feint.reports.formats import percent, significant
from feint.reports.images import png
from feint.runs.run import Run
from feint.victims.data import load_data

from .blended import blended
from .pictures import channels_last
from .warm import Warm

SHOWN: Final = 8
NEAREST: Final = 4
NEIGHBOURS: Final = "Beside each, the training images nearest to it, pixel by pixel."
TRAINING: Final = 2000
"""Training images that are searched, evenly of all classes."""


def behind(kept: Warm, path: str, where: Mapping[str, Any]) -> dict[str, Any]:
    """Some of the images that a mark stands for.

    Args:
        kept: what is loaded.
        path: the run's folder.
        where: what the mark says of them; see `marks`.

    Returns:
        ``told``, and ``items``: each what was said of an image, its index, the image and those nearest to it, or of a
        pair its blends, and where it lies on the run's charts.

    Raises:
        FeintError: the run has no such records, or its data are not there any more.
    """
    run, _ = opened(Path(path))
    child = child_of(run, where)
    run, where = child or (run, where)
    rows = marks.rows(run, where)
    shown, named = rows[:SHOWN], run.experiment.name == "interpolate"
    strips = blended(kept, run, [row.sample for row in shown], share(where)) if named else _strips(kept, run, shown)
    nowhere: list[list[Place]] = [[] for _ in shown]  # the charts on the page are not those of a part of it
    known = nowhere if child else places(run, shown, where)
    items = [
        {"told": row.told, "sample": row.sample, "pictures": strip, "places": mine}
        for row, strip, mine in zip(shown, strips, known, strict=True)
    ]
    what = "pair" if named else "image"
    count = f"{len(rows):,} {what}s" if len(rows) != 1 else f"1 {what}"
    most = f"; the first {len(items)}" if len(rows) > len(items) else ""
    of = f", of run {run.id}" if child else ""
    told = f"{count}{most}{of}."
    beside = f"Between each, its blends at {percent(0)(share(where))} % of the way." if named else NEIGHBOURS
    return {"told": f"{told} {beside}", "items": items}


def _strips(kept: Warm, run: Run, rows: Sequence[marks.Row]) -> list[list[dict[str, Any]]]:
    """Each image, and the training images nearest to it."""
    settings: Any = run.settings
    training = _training(kept, settings.data)
    sets = {at: _data(kept, settings, at) for at in {row.data for row in rows}}
    found: list[list[dict[str, Any]]] = []
    for row in rows:
        # Records know an image by its index in the whole set, of which only some may have been taken.
        dataset = sets[row.data]
        image = dataset.only([int(np.searchsorted(dataset.samples, row.sample))]).inputs
        label = "before the attack" if row.moved else "the image"
        pictures = [{"png": png(channels_last(image[0]), largest=96), "label": label}]
        found.append(pictures + _nearest(image, training))
    return found


def _data(kept: Warm, settings: Any, at: int) -> Dataset:
    """The run's own data, or the foreign ones of a number."""
    if at == 0:
        return load_data(settings.data, kept.machine, pictures=True)
    return foreign_data(settings.foreign[at - 1], getattr(settings, "without", ()), kept.machine)


def _training(kept: Warm, settings: Any) -> tuple[Tensor, list[str]] | None:
    """Images of the training split; None where there is none."""

    def made() -> Any:
        try:
            found = load_data(settings.but(split="train", limit=TRAINING, first=None), kept.machine)
            batch = found.only(range(len(found)))
            return batch.inputs, [found.classes[int(label)] for label in batch.targets]
        except (FeintError, OSError):
            return None

    return kept.other(f"training images of {settings}", made)


def _nearest(image: Float[Tensor, " 1 channels height width"], training: Any) -> list[dict[str, Any]]:
    if training is None or training[0].shape[1:] != image.shape[1:]:
        return []
    images, labels = training
    distances = (images - image).flatten(1).norm(dim=1)
    places: list[int] = [int(at) for at in torch.argsort(distances)[:NEAREST]]
    return [
        {
            "png": png(channels_last(images[at]), largest=96),
            "label": f"{labels[at]}, L2 {significant(2)(float(distances[at]))}",
        }
        for at in places
    ]
