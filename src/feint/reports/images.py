"""Images as PNG by Pillow, pixel by pixel, and groups of them as one picture."""

import base64
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .names import short
from .report import Image, Picture, Pictures
from .theme import LIGHT

LARGEST: Final = 256
"""Pixels of an image on a page; larger ones are made smaller."""
_ROOM: Final = 12
_LINE: Final = 17


def pixels(image: Image) -> npt.NDArray[np.uint8]:
    """Any image as 0 to 255, height x width x 3 (or 4)."""
    values = image if image.ndim == 3 else image[..., None]
    if values.dtype != np.uint8:
        values = (255 * np.nan_to_num(values.astype(np.float64)).clip(0, 1)).round().astype(np.uint8)
    if values.shape[2] in (3, 4):
        return np.ascontiguousarray(values)
    return np.repeat(values[..., :1], 3, axis=2)


def png(image: Image, *, largest: int = LARGEST) -> bytes:
    """An image as PNG; made smaller by leaving pixels out, since mixing them would wash noise away."""
    from PIL import Image as Pillow

    file = io.BytesIO()
    Pillow.fromarray(_fitted(image, largest)).save(file, "PNG", compress_level=6)
    return file.getvalue()


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """A file inside a page."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def mosaic(images: Sequence[Image]) -> npt.NDArray[np.uint8]:
    """Images of one size as a square of tiles, row by row from the top; what is missing in the last row is white."""
    tiles = [pixels(image)[..., :3] for image in images]
    side = int(np.ceil(len(tiles) ** 0.5))
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (side * -(-len(images) // side) - len(tiles))
    return np.concatenate([np.concatenate(tiles[at : at + side], axis=1) for at in range(0, len(tiles), side)])


def sheet(block: Pictures) -> Any:
    """All of a block as one picture of Pillow's, with its titles and labels."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    side, columns = {"cards": (112, 3), "strip": (72, 1), "mosaic": (480, 2)}[block.layout]
    items = block.items
    if block.layout == "mosaic":
        items = tuple(Picture((mosaic(item.images),), (), item.title, item.lines) for item in items)
    across = max((len(item.images) for item in items), default=1)
    columns = max(1, min(9 // across if block.layout == "cards" else columns, len(items)))
    labelled = _LINE if any(item.labels for item in items) else 0
    width = across * (side + _ROOM)
    height = _LINE + side + labelled + max((len(item.lines) for item in items), default=0) * _LINE + _ROOM
    size = (columns * (width + _ROOM) + _ROOM, -(-len(items) // columns) * height + 30 + _ROOM)
    page = Pillow.new("RGB", size, LIGHT["--card"])
    draw = ImageDraw.Draw(page)

    def say(text: str, left: int, top: int, room: int, shade: str = "--muted", points: int = 11) -> None:
        font = _font(points)
        draw.text((left, top), _fit(text, room, font), LIGHT[shade], font)

    say(block.title, _ROOM, 8, page.width - 2 * _ROOM, "--ink", 15)
    for at, item in enumerate(items):
        left, top = _ROOM + at % columns * (width + _ROOM), 36 + at // columns * height
        say(item.title, left, top, width, "--ink")
        top += _LINE
        for which, image in enumerate(item.images):
            shown = Pillow.fromarray(_fitted(image, side, grow=True))
            corner = left + which * (side + _ROOM)
            page.paste(shown, (corner + (side - shown.width) // 2, top + (side - shown.height) // 2))
            if which < len(item.labels):
                say(item.labels[which], corner, top + side + 2, side + _ROOM)
        for row, line in enumerate(item.lines):
            say(line, left, top + side + labelled + 2 + row * _LINE, width)
    return page


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _fit(text: str, width: int, font: Any) -> str:
    """A text cut until it fits."""
    most = 120
    while most > 4 and font.getlength(short(text, most)) > width:
        most = min(most, len(text)) - 1
    return short(text, most)


def _fitted(image: Image, side: int, *, grow: bool = False) -> npt.NDArray[np.uint8]:
    """An image at most so high and wide, by nearest neighbour; grown in whole steps where asked for."""
    from PIL import Image as Pillow

    found = pixels(image)
    most = max(found.shape[:2])
    if most > side:
        picture = Pillow.fromarray(found)
        size = (max(1, picture.width * side // most), max(1, picture.height * side // most))
        return np.asarray(picture.resize(size, Pillow.Resampling.NEAREST))
    times = side // most if grow else 1
    return found.repeat(times, axis=0).repeat(times, axis=1)
