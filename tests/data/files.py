"""Small files of the formats that data/ reads."""

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import PIL.Image


def pictures(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def write_idx(path: Path, array: np.ndarray, *, magic: int | None = None) -> Path:
    header = struct.pack(f">{1 + array.ndim}I", magic or 0x800 + array.ndim, *array.shape)
    data = header + array.tobytes()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def write_mnist(folder: Path, prefix: str, images: np.ndarray, labels: np.ndarray, suffix: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", labels.astype(np.uint8))
    return write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", images)


def encoded(pixels: np.ndarray, format: str = "PNG", mode: str | None = None) -> bytes:
    image = PIL.Image.fromarray(pixels)
    file = io.BytesIO()
    (image.convert(mode) if mode else image).save(file, format)
    return file.getvalue()


def write_image(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(pixels, {".jpg": "JPEG", ".png": "PNG"}[path.suffix], mode))
    return path
