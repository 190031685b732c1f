"""Attacked images as files: in parts while a run goes on, then as one npz or safetensors, and as pictures for show."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from feint.errors import StoreError
from feint.results import RunFolder
from feint.results.detection_pictures import triple

Array = npt.NDArray[Any]
Format = Literal["npz", "safetensors"]
SHOWN = 4
"""Images that become pictures, at every radius."""


def write_arrays(folder: RunFolder, part: int, arrays: dict[str, Array]) -> None:
    """Write the arrays of one part."""

    def write(file: BinaryIO) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        file.write(buffer.getvalue())

    folder.write_file(f"arrays/part-{part:05d}.npz", write)


def remove_arrays(folder: RunFolder) -> None:
    """Remove the parts, once what was put together of them is all that is needed."""
    shutil.rmtree(folder.path / "arrays", ignore_errors=True)


def join(folder: RunFolder, parts: int, radii: int, kind: Format) -> list[str]:
    """Put the parts together, a file for each radius, without holding more than one part in memory.

    ``images`` has channels last and comes with ``labels``, as ``feint audit --data attacked.npz`` reads them;
    ``originals``, ``samples`` and ``predictions`` (attacked) come along.

    Returns:
        The files' names.
    """
    names: list[str] = []
    for index in range(radii):
        name = f"attacked.{kind}" if radii == 1 else f"attacked-{index}.{kind}"
        members = {
            "images": f"images-{index}",
            "originals": "originals",
            "labels": "labels",
            "samples": "samples",
            "predictions": f"predictions-{index}",
        }
        writer = _npz if kind == "npz" else _safetensors
        folder.write_file(name, _joining(writer, folder, parts, members))
        names.append(name)
    return names


Writer = Callable[[BinaryIO, dict[str, tuple[tuple[int, ...], np.dtype[Any], Callable[[], Iterator[Array]]]]], None]


def _joining(writer: Writer, folder: RunFolder, parts: int, members: dict[str, str]) -> Callable[[BinaryIO], None]:
    shapes: dict[str, tuple[int, ...]] = {}
    kinds: dict[str, np.dtype[Any]] = {}
    for part in range(parts):
        for name, inside in members.items():
            array = _member(folder, part, inside)
            before = shapes.get(name, (0, *array.shape[1:]))
            shapes[name], kinds[name] = (before[0] + len(array), *array.shape[1:]), array.dtype

    def chunks(inside: str) -> Callable[[], Iterator[Array]]:
        return lambda: (_member(folder, part, inside) for part in range(parts))

    plan = {name: (shapes[name], kinds[name], chunks(inside)) for name, inside in members.items()}
    return lambda file: writer(file, plan)


def _path(folder: RunFolder, part: int) -> Path:
    return folder.path / "arrays" / f"part-{part:05d}.npz"


def _member(folder: RunFolder, part: int, name: str) -> Array:
    try:
        with np.load(_path(folder, part), allow_pickle=False) as file:
            return file[name]
    except (OSError, KeyError, ValueError) as error:
        raise StoreError(f"cannot read {_path(folder, part)}: {error}; --fresh starts over") from error


def _npz(file: BinaryIO, plan: dict[str, tuple[tuple[int, ...], np.dtype[Any], Callable[[], Iterator[Array]]]]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, (shape, kind, chunks) in plan.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without the time, so that the same run gives the same bytes
            with archive.open(entry, "w", force_zip64=True) as member:
                header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for chunk in chunks():
                    member.write(np.ascontiguousarray(chunk).tobytes())


def _safetensors(
    file: BinaryIO, plan: dict[str, tuple[tuple[int, ...], np.dtype[Any], Callable[[], Iterator[Array]]]]
) -> None:
    codes = {"float32": "F32", "int64": "I64"}
    header: dict[str, Any] = {}
    start = 0
    for name, (shape, kind, _) in plan.items():
        end = start + int(np.prod(shape)) * kind.itemsize
        header[name] = {"dtype": codes[kind.name], "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, _, chunks in plan.values():
        for chunk in chunks():
            file.write(np.ascontiguousarray(chunk).tobytes())


def write_pictures(folder: RunFolder, part: int, arrays: dict[str, Array], radii: int) -> None:
    """Pictures of the first few inputs: the original, what was added (magnified), and the attacked one."""
    if part:
        return
    for index in range(radii):
        for row in range(min(SHOWN, len(arrays["samples"]))):
            sample = int(arrays["samples"][row])
            pngs = triple(arrays["originals"][row], arrays[f"images-{index}"][row])
            for name, png in pngs.items():
                folder.write_bytes(f"pictures/{sample:05d}-{index}-{name}.png", png)
