"""Attacked images as files: all pieces put together, as npz or safetensors, without holding more than one in memory."""

import json
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO, Literal

import numpy as np

from feint.errors import DataError
from feint.runs.folder.delivery import Delivery
from feint.runs.run import Run
from feint.runs.work import Array

Format = Literal["npz", "safetensors"]
Plan = dict[str, tuple[tuple[int, ...], np.dtype[Any], Callable[[], Iterator[Array]]]]
"""By name: shape, type, and the array piece after piece."""


def files_of(radii: int, kind: Format) -> list[str]:
    """The names of the files, one a radius."""
    return [f"attacked.{kind}" if radii == 1 else f"attacked-{index}.{kind}" for index in range(radii)]


def join(run: Run, delivery: Delivery, radii: int, kind: Format) -> None:
    """Put the pieces together, a file for each radius.

    ``images`` has channels last and comes with ``labels``, as ``feint audit --data attacked.npz`` reads them;
    ``originals``, ``samples`` and ``predictions`` (attacked) come along.
    """
    for index, name in enumerate(files_of(radii, kind)):
        members = {
            "images": f"images-{index}",
            "originals": "originals",
            "labels": "labels",
            "samples": "samples",
            "predictions": f"predictions-{index}",
        }
        plan, writer = _planned(run, members), _npz if kind == "npz" else _safetensors

        def write(file: BinaryIO, plan: Plan = plan, writer: Callable[[BinaryIO, Plan], None] = writer) -> None:
            writer(file, plan)

        delivery.write(name, write)


def _planned(run: Run, members: dict[str, str]) -> Plan:
    shapes: dict[str, tuple[int, ...]] = {}
    kinds: dict[str, np.dtype[Any]] = {}
    pieces = [piece for piece in run.pieces("attacked") if run.arrays("attacked", piece)]  # none is empty
    if not pieces:
        raise DataError(f"{run.about['data']}: expected images that can be read, got none")

    @lru_cache(maxsize=1)  # one piece at a time
    def read(piece: str) -> dict[str, Array]:
        return run.arrays("attacked", piece)

    for piece in pieces:
        for name, inside in members.items():
            array = read(piece)[inside]
            before = shapes.get(name, (0, *array.shape[1:]))
            shapes[name], kinds[name] = (before[0] + len(array), *array.shape[1:]), array.dtype

    def chunks(inside: str) -> Callable[[], Iterator[Array]]:
        return lambda: (read(piece)[inside] for piece in pieces)

    return {name: (shapes[name], kinds[name], chunks(inside)) for name, inside in members.items()}


def _npz(file: BinaryIO, plan: Plan) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, (shape, kind, chunks) in plan.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without the time, so that the same run gives the same bytes
            with archive.open(entry, "w", force_zip64=True) as member:
                header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for chunk in chunks():
                    member.write(np.ascontiguousarray(chunk).tobytes())


def _safetensors(file: BinaryIO, plan: Plan) -> None:
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
