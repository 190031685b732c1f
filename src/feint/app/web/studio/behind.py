"""The images behind a mark of a chart, as a run's records have them, with the nearest training images beside each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.app.web.reading.runs import judging, opened
from feint.errors import FeintError, SpecError
from feint.reports.formats import percent, significant
from feint.reports.images import png
from feint.runs.run import Run
from feint.victims.data import load_data
from feint.victims.records import MEASURE

from .pictures import channels_last
from .warm import Warm

SHOWN: Final = 8
NEAREST: Final = 4
TRAINING: Final = 2000
"""Training images that are searched, evenly of all classes."""
COLUMNS: Final = ("sample", "label", "prediction", f"{MEASURE}max_probability")


def behind(kept: Warm, path: str, where: Mapping[str, Any]) -> dict[str, Any]:
    """Some of the images that a mark stands for.

    Args:
        kept: what is loaded.
        path: the run's folder.
        where: ``radius`` of the attack, else clean; from ``low`` to ``high`` confidence; ``correct`` or not; around a
            ``coverage``; of the true class of a ``name``.

    Returns:
        ``told``, and ``items``: each what was said of an image, the image, and those nearest to it.

    Raises:
        FeintError: the run has no such records, or its data are not there any more.
    """
    run, _ = opened(Path(path))
    rows, total = _rows(run, where)
    settings: Any = run.settings
    dataset = load_data(settings.data, kept.machine, pictures=True)
    classes = [str(name) for name in run.about.get("classes", [])]
    training = _training(kept, settings.data)
    items: list[dict[str, Any]] = []
    for row in rows:
        # Records know an image by its index in the whole set, of which only some may have been taken.
        image = dataset.only([int(np.searchsorted(dataset.samples, int(row["sample"])))]).inputs
        said = f"image {row['sample']}: {_named(classes, row['prediction'])}, {percent(1)(row['confidence'])} %; "
        said += f"it is {_named(classes, row['label'])}"
        pictures = [{"png": png(channels_last(image[0]), largest=96), "label": "the image"}]
        items.append({"told": said, "pictures": pictures + _nearest(image, training)})
    count = f"{total:,} images" if total != 1 else "1 image"
    most = f"; the first {len(rows)}" if total > len(rows) else ""
    return {"told": f"{count}{most}. Beside each, the training images nearest to it, pixel by pixel.", "items": items}


def _rows(run: Run, where: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The records that fit, and how many there are."""
    table = run.table("records")
    missing = [name for name in (*COLUMNS, "variant") if name not in table.names]
    if missing:
        raise SpecError(f"records: expected those of single images, got none with {missing[0]}")
    chosen: dict[str, Any] = {"variant": "clean"}
    if "radius" in where:
        said = float(where["radius"])
        radii = [float(each) for each in table.distinct("radius", variant="attacked")]
        chosen |= {"variant": "attacked", "radius": min(radii, key=lambda each: abs(each - said))}
    found = table.read(list(COLUMNS), repeat=judging(run, **chosen), **chosen)
    columns = [found.column(name).to_numpy() for name in COLUMNS]
    sample, label, prediction, confidence = *columns[:3], 1 - columns[3]
    keep = np.ones(len(sample), dtype=bool)
    if "high" in where:
        keep &= (confidence >= where["low"]) & ((confidence < where["high"]) | (where["high"] >= 1))
    if "correct" in where:
        keep &= (prediction == label) == where["correct"]
    if "name" in where:
        names = [str(name) for name in run.about.get("classes", [])]
        keep &= label == (names.index(where["name"]) if where["name"] in names else -1)
    places = np.flatnonzero(keep)
    if "coverage" in where:
        order = np.argsort(-confidence, kind="stable")
        middle = round(where["coverage"] * len(order))
        places = order[max(0, middle - SHOWN // 2) : middle + SHOWN // 2]
    _, once = np.unique(sample[places], return_index=True)  # several fresh draws may put one image there
    places = places[np.sort(once)]
    rows = [
        {
            "sample": int(sample[at]),
            "label": int(label[at]),
            "prediction": int(prediction[at]),
            "confidence": float(confidence[at]),
        }
        for at in places[:SHOWN]
    ]
    return rows, len(places)


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


def _named(classes: list[str], label: int) -> str:
    return classes[label] if 0 <= label < len(classes) else str(label)
