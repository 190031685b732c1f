"""Damaged files, seeded: small ones of every format, with bytes flipped, cut, doubled, moved or overwritten."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.io

from .files import encoded, pictures, write_image, write_mnist

LABELS = np.arange(6) % 3
ODD = (0, 1, 0x7F, 0x80, 0xFF)


def npz(folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", images=pictures(6, 5, 5), labels=LABELS)
    return folder / "a.npz"


def plain_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", images=(pictures(6, 5, 5, 3) / 255).astype(np.float32), labels=LABELS)
    return folder / "a.npz"


def table(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    np.savez(folder / "a.npz", X=rng.normal(size=(6, 2)), y=rng.normal(size=6), test_0=np.array([1, 4]))
    return folder / "a.npz"


def idx(folder: Path) -> Path:
    return write_mnist(folder, "t10k", pictures(6, 5, 5), LABELS)


def zipped_idx(folder: Path) -> Path:
    return write_mnist(folder, "t10k", pictures(6, 5, 5), LABELS, ".gz")


def idx_labels(folder: Path) -> Path:
    write_mnist(folder, "t10k", pictures(6, 5, 5), LABELS, ".gz")
    return folder / "t10k-labels-idx1-ubyte.gz"


def parquet(folder: Path) -> Path:
    rows = [{"bytes": encoded(image), "path": "x.png"} for image in pictures(6, 5, 5, 3)]
    pq.write_table(pa.table({"image": rows, "label": LABELS}), folder / "a.parquet", row_group_size=4)
    return folder / "a.parquet"


def named_parquet(folder: Path) -> Path:
    rows = pa.array([encoded(image) for image in pictures(6, 5, 5, 3)], pa.binary())
    names = ["ape", None, "bee", "cat", "ape", "bee"]
    pq.write_table(pa.table({"img": rows, "label": names}), folder / "a.parquet", compression="none")
    return folder / "a.parquet"


def cifar(folder: Path) -> Path:
    images = pictures(2, 3, 32, 32)
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij"))
    (folder / "test_batch.bin").write_bytes(b"".join(bytes([label]) + images[label].tobytes() for label in (0, 1)))
    return folder / "test_batch.bin"


def stl(folder: Path) -> Path:
    (folder / "test_X.bin").write_bytes(pictures(2, 3, 96, 96).tobytes())
    (folder / "test_y.bin").write_bytes(bytes([1, 2]))
    return folder / "test_y.bin"


def svhn(folder: Path) -> Path:
    arrays = {"X": pictures(32, 32, 3, 2), "y": np.array([[1], [10]], dtype=np.uint8)}
    scipy.io.savemat(folder / "test_32x32.mat", arrays, do_compression=True)
    return folder / "test_32x32.mat"


def csv(folder: Path) -> Path:
    write_image(folder / "a.png", pictures(1, 5, 5)[0])
    (folder / "labels.csv").write_text("file,label,name\na.png,0,ape\na.png,1,bee\n")
    return folder / "labels.csv"


def picture(format: str, mode: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "ape" / f"0.{format}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded(pictures(1, 9, 9, 3)[0], {"jp2": "JPEG2000"}.get(format, format), mode))
        write_image(folder / "bee/0.png", pictures(1, 9, 9, 3)[0])
        return path

    return write


FORMATS: dict[str, Callable[[Path], Path]] = {
    "npz": npz,
    "npz, not compressed": plain_npz,
    "npz of a table": table,
    "idx": idx,
    "idx, gzipped": zipped_idx,
    "labels of idx": idx_labels,
    "Parquet": parquet,
    "Parquet with names": named_parquet,
    "CIFAR-10": cifar,
    "STL-10": stl,
    "SVHN": svhn,
    "CSV": csv,
    "PNG": picture("png", "RGB"),
    "PNG with a palette": picture("png", "P"),
    "JPEG": picture("jpeg", "CMYK"),
    "BMP": picture("bmp", "RGB"),
    "GIF": picture("gif", "P"),
    "TIFF": picture("tiff", "LA"),
    "WebP": picture("webp", "RGBA"),
    "JPEG 2000": picture("jp2", "RGB"),
    "PPM": picture("ppm", "RGB"),
    "TGA": picture("tga", "L"),
}


def mutated(data: bytes, rng: Random) -> bytes:
    """One to four changes, more often near the ends, where formats keep what they say of themselves."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not changed:
            return b""
        near = rng.choice([len(changed), min(64, len(changed)), min(512, len(changed))])
        at = rng.randrange(near) if rng.random() < 0.5 else len(changed) - 1 - rng.randrange(near)
        size = rng.choice([1, 2, 4, 8, 40])
        match rng.randrange(6):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + size] = bytes([rng.choice(ODD)]) * min(size, len(changed) - at)
            case 2:
                changed[at : at + size] = rng.randbytes(size)
            case 3:
                del changed[at : at + size]
            case 4:
                changed[at:at] = changed[at : at + size]
            case _:
                if rng.random() < 0.3:
                    del changed[at:]
    return bytes(changed)


def rezipped(data: Path, rng: Random) -> None:
    """Change a member of an .npz file and pack it again, so that its checksum is right."""
    with zipfile.ZipFile(data) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(members))
    members[chosen] = mutated(members[chosen], rng)
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def damage(path: Path, rng: Random) -> None:
    """Damage a file in place."""
    if path.suffix == ".npz" and rng.random() < 0.5:
        rezipped(path, rng)
    else:
        path.write_bytes(mutated(path.read_bytes(), rng))
