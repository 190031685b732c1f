"""The latent plane of an autoencoder, as a victim sees it: a map, a point decoded, and the way between two points."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import FeintError, SpecError
from feint.experiments import glossary
from feint.experiments.scene import Scene
from feint.reports import Panel, charts
from feint.reports.charts.colours import sequential
from feint.reports.images import png
from feint.runs.machine import default_batch_size
from feint.victims.cards import read_card
from feint.victims.data import load_data
from feint.victims.loading.autoencoder import load_autoencoder, resolved_autoencoder
from feint.victims.settings import AutoencoderSettings, DataSettings

from .pictures import channels_last
from .warm import Warm

SIDE: Final = 48
"""Points of the map, each way."""
STEPS: Final = 41
"""Points on the way between two others."""
SHOWN: Final = 400
"""Images whose places are marked."""


def plane(kept: Warm, autoencoder: str, victim: Mapping[str, Any], measure: str) -> dict[str, Any]:
    """The map of a measure.

    Args:
        kept: what is loaded.
        autoencoder: its name.
        victim: settings of who looks.
        measure: of uncertainty; "" for the first that the victim has.

    Returns:
        The map as PNG, its ends, the largest value, the victim's measures, and where images lie.
    """
    scene, seen = _scene(kept, autoencoder, victim), _looked(kept, autoencoder, victim)
    names = list(scene.victims[0].measures)
    name = measure if measure in names else names[0]
    values = seen[name].reshape(SIDE, SIDE)
    most = float(values.max()) or 1.0
    places, labels = _places(kept, autoencoder)
    return {
        "png": png(np.repeat(np.repeat(sequential(values / most)[::-1], 8, 0), 8, 1), largest=1024),
        "end": _end(kept, autoencoder),
        "most": most,
        "measure": name,
        "measures": names,
        "classes": list(scene.victims[0].classes),
        "points": [[*place, label] for place, label in zip(places.tolist(), labels, strict=True)],
    }


def point(kept: Warm, autoencoder: str, victim: Mapping[str, Any], x: float, y: float) -> dict[str, Any]:
    """What a point decodes to, and what the victim says of it."""
    scene = _scene(kept, autoencoder, victim)
    images = scene.decode(torch.tensor([[x, y]], dtype=torch.float32))
    found = _said(kept, scene, images)
    classes = list(scene.victims[0].classes)
    shown = png(channels_last(images[0]), largest=256)
    return {"png": shown, "classes": classes, **{name: each[0] for name, each in found.items()}}


def way(
    kept: Warm, autoencoder: str, victim: Mapping[str, Any], start: Sequence[float], stop: Sequence[float]
) -> dict[str, Any]:
    """The measures along a straight line, as a chart, and what is decoded there."""
    scene = _scene(kept, autoencoder, victim)
    shares = torch.linspace(0, 1, STEPS)[:, None]
    ends = torch.tensor([list(start), list(stop)], dtype=torch.float32)
    images = scene.decode((1 - shares) * ends[0] + shares * ends[1])
    found = _said(kept, scene, images)
    names = [name for name in found["measures"][0] if name != "softmax_variance"][: len(charts.SERIES)]
    lines = [
        charts.Line(glossary.title(name), np.array([each[name] for each in found["measures"]]), colour)
        for name, colour in zip(names, charts.SERIES, strict=False)
    ]
    panel: Panel = charts.lines(
        100 * shares[:, 0].numpy(), lines, x_title="from the first to the second point (%)", y_title="uncertainty"
    )
    shown = charts.some(STEPS, 11)
    return {
        "chart": dict(panel.chart),
        "legend": [(line.name, line.colour) for line in lines],
        "strip": [png(channels_last(images[at]), largest=96) for at in shown],
        "labels": [found["prediction"][at] for at in shown],
    }


def _said(kept: Warm, scene: Scene, images: Float[Tensor, " N channels height width"]) -> dict[str, list[Any]]:
    """What the victim says of images: predictions, probabilities and measures."""
    from feint.estimators import predict
    from feint.victims.victim import measure

    victim = scene.victims[0]
    with kept.machine.steady():
        found = predict(victim.estimator(), images, torch.arange(len(images)), batch_size=scene.batch_size)
    values: dict[str, Any] = {name: measure(name)(found).numpy().tolist() for name in victim.measures}
    probabilities: Any = found.mean_log_probs.double().exp().numpy()
    return {
        "prediction": [victim.classes[int(at)] for at in found.prediction],
        "probabilities": probabilities.tolist(),
        "measures": [{name: values[name][at] for name in values} for at in range(len(images))],
    }


def _scene(kept: Warm, autoencoder: str, victim: Mapping[str, Any]) -> Scene:
    seat = kept.seat(victim)

    def made() -> Any:
        settings = resolved_autoencoder(AutoencoderSettings(name=autoencoder), kept.machine)
        if seat.pictures is None:
            raise SpecError(f"victim: expected one whose images are there, got {seat.victim.name}")
        found = load_autoencoder(settings, seat.pictures, kept.machine)
        if found.latent != 2:
            raise SpecError(f"autoencoder: expected two latent dimensions, got {found.latent}")
        return found

    decoder = kept.other(f"autoencoder {autoencoder}", made)
    if tuple(decoder.shape) != tuple(seat.victim.shape):
        raise SpecError(f"victim: expected one for images of {tuple(decoder.shape)}, got {seat.victim.shape}")
    assert seat.pictures is not None
    size = default_batch_size(seat.victim.shape, kept.machine.device)
    return Scene(seat.pictures, decoder, [seat.victim], size, kept.machine.device)


def _looked(kept: Warm, autoencoder: str, victim: Mapping[str, Any]) -> dict[str, Any]:
    """Every measure over the plane, taken once for each victim."""

    def made() -> Any:
        scene = _scene(kept, autoencoder, victim)
        axis = torch.linspace(-1, 1, SIDE) * _end(kept, autoencoder)
        vertical, horizontal = torch.meshgrid(axis, axis, indexing="ij")
        images = scene.decode(torch.stack([horizontal.flatten(), vertical.flatten()], dim=1))
        with kept.machine.steady():
            return scene.look(scene.victims[0], images, torch.arange(len(images)))

    return kept.other(f"map {autoencoder} {sorted(victim.items(), key=str)}", made)


def _places(kept: Warm, autoencoder: str) -> tuple[Any, list[str]]:
    """Where some of the images that it was made for lie, and what they are."""

    def made() -> Any:
        card = read_card(kept.machine.victims, autoencoder)
        told: Any = card.get("measured_on") or card.get("trained_on") or {}
        try:
            fields = {name: value for name, value in told.items() if name in DataSettings.model_fields}
            dataset = load_data(DataSettings.parse(fields), kept.machine)
        except (FeintError, OSError):
            return np.empty((0, 2)), []
        settings = resolved_autoencoder(AutoencoderSettings(name=autoencoder), kept.machine)
        network = load_autoencoder(settings, dataset, kept.machine)
        batch = dataset.only(range(0, len(dataset), max(1, len(dataset) // SHOWN)))
        with torch.inference_mode():
            places = network.encode(batch.inputs).mean
        return places.numpy().copy(), [dataset.classes[int(at)] for at in batch.targets]

    return kept.other(f"places {autoencoder}", made)


def _end(kept: Warm, autoencoder: str) -> float:
    """How far the map reaches: half as far again as the images."""
    places, _ = _places(kept, autoencoder)
    return float(f"{1.5 * float(np.abs(places).max()):.2g}") if len(places) else 4.0
