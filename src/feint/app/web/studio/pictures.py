"""Pictures for a victim: those of its data, or one that somebody gave, made to fit."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint import data
from feint.data import Dataset
from feint.errors import SpecError
from feint.reports.images import png

from .warm import Seat, Warm

THUMBS: Final = 12


def about(kept: Warm, victim: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows of a victim before anything is attacked: its classes, its shape, and some of its pictures."""
    seat = kept.seat(victim)
    found: dict[str, Any] = {
        "name": seat.victim.name,
        "classes": list(seat.victim.classes),
        "shape": list(seat.victim.shape),
        "stochastic": seat.victim.stochastic,
        "measures": list(seat.victim.measures),
        "count": 0,
        "thumbs": [],
    }
    if seat.pictures is None:
        return found
    return {**found, "count": len(seat.pictures), "thumbs": _thumbs(seat.pictures)}


def digits(kept: object) -> list[dict[str, Any]]:
    """The first of the embedded digits; no network is asked, so that they are there at once."""
    return _thumbs(data.load("digits", split="test"))


def _thumbs(pictures: Dataset) -> list[dict[str, Any]]:
    indices = list(range(min(THUMBS, len(pictures))))
    batch, names = pictures.only(indices), pictures.classes
    labels = [int(label) for label in batch.targets]
    return [
        {
            "index": at,
            "label": names[label] if label < len(names) else str(label),
            "png": png(channels_last(image), largest=64),
        }
        for at, image, label in zip(indices, batch.inputs, labels, strict=True)
    ]


def _named(seat: Seat, label: int) -> str:
    names = seat.pictures.classes if seat.pictures is not None else ()
    return names[label] if label < len(names) else str(label)


def chosen(
    kept: Warm, seat: Seat, image: Mapping[str, Any]
) -> tuple[Float[Tensor, " 1 channels height width"], int | None]:
    """An image and its label, if somebody knows it.

    Args:
        kept: the victims that are loaded.
        seat: for whom.
        image: ``index`` of one of the victim's pictures, or of those ``of`` another victim, or ``file``, a PNG of ours,
            and perhaps ``label``.

    Raises:
        SpecError: there is no such picture.
    """
    if "file" in image:
        label = image.get("label")
        return fitted(Path(image["file"]).read_bytes(), seat.victim.shape), None if label is None else int(label)
    index = int(image["index"])
    owner = kept.seat(image["of"]) if "of" in image else seat
    if owner.pictures is None or not 0 <= index < len(owner.pictures):
        count = 0 if owner.pictures is None else len(owner.pictures)
        raise SpecError(f"image: expected 0 to {count - 1}, got {index}" if count else "image: expected an upload")
    batch = owner.pictures.only([index])
    target = int(batch.targets[0])
    name, classes = _named(owner, target), seat.victim.classes
    label = classes.index(name) if name in classes else target if owner is seat else None
    inputs: Tensor = batch.inputs
    if tuple(inputs.shape[1:]) != tuple(seat.victim.shape):
        inputs = fitted(png(channels_last(inputs[0]), largest=max(inputs.shape)), seat.victim.shape)
    return inputs, label


def fitted(content: bytes, shape: tuple[int, int, int]) -> Float[Tensor, " 1 channels height width"]:
    """A picture, given as a PNG, as a victim sees it: grey or RGB, the short side scaled, the centre cut out."""
    from PIL import Image

    channels, height, width = shape
    with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
        picture = opened.convert("L" if channels == 1 else "RGB")
    scale = max(height / picture.height, width / picture.width)
    size = (max(width, round(picture.width * scale)), max(height, round(picture.height * scale)))
    down = scale < 1
    picture = picture.resize(size, Image.Resampling.BOX if down else Image.Resampling.BILINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    values = np.asarray(picture.crop((left, top, left + width, top + height)), dtype=np.float32) / 255
    values = values.reshape(height, width, -1)
    values = np.repeat(values[..., :1], channels, axis=2) if channels not in (1, 3) else values
    return torch.tensor(values).permute(2, 0, 1)[None].contiguous()


def channels_last(image: Float[Tensor, " channels height width"]) -> Any:
    """As reports have images."""
    return image.detach().permute(1, 2, 0).contiguous().cpu().numpy()
