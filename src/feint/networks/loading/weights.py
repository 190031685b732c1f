"""Weights from a file, without ever running code that the file brings along."""

import io
import os
import pickletools
import re
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from feint.errors import WeightsError
from feint.printable import printable

from .archives import swollen
from .conversion import PICKLE, SCRIPT, WHOLE, WRAPPERS, conversion

# Containers put these before every name: DataParallel, torch.compile, our libraries' wrapper, Lightning modules.
PREFIXES: Final = ("module.", "_orig_mod.", "network.", "model.", "net.")
MAGIC: Final = bytes.fromhex("6cfc9c46f9206aa85019")
# What torch.save names in a checkpoint of tensors, and torch.load allows with weights_only.
HARMLESS: Final = re.compile(
    r"collections\.OrderedDict|torch\.(\w+Storage|Size|device|b?float\d+|u?int\d+|bool)"
    r"|torch\._utils\._rebuild_\w+|torch\._tensor\._rebuild_\w+|torch\.nn\.parameter\.Parameter"
)


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Put the weights of a file into a network, all of them or, if anything does not fit, none.

    Args:
        network: any module; its parameters and buffers are overwritten in place.
        path: ``.safetensors``, or a checkpoint of ``torch.save`` that holds tensors only, either a state dict or a
            dictionary with one under ``state_dict``, ``model_state_dict``, ``model``, ``network`` or ``net``. A prefix
            that containers put before every name (``module.`` of DataParallel) is taken off.

    Raises:
        WeightsError: the file is missing, corrupt, would run code on loading, or does not fit the network.
    """
    put_weights(network, read_weights(path), path)


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Read a file's state dict; see ``load_weights``."""
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"no file of weights at {path}" + (" (it is a folder)" if path.is_dir() else ""))
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
    if (other := _something_else(start)) is not None:
        raise WeightsError(f"{path}: expected a file of weights, got {other}")
    if path.suffix == ".safetensors" or start[8:9] == b"{":
        try:
            if not _is_utf8(path):  # the library maps files by names of UTF-8 alone
                return load_bytes(path.read_bytes())
            return load_file(path)  # pyright: ignore[reportUnknownVariableType]
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise WeightsError(f"{path} is not a whole safetensors file: {first_line(error)}") from error
        except MemoryError as error:
            raise WeightsError(f"{path} cannot be read: expected weights that fit into memory") from error
    return _state_dict(_checkpoint(path), path)


def _is_utf8(path: Path) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _something_else(start: bytes) -> str | None:
    """What a file is that was downloaded in place of weights, by how it begins."""
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS to it; git lfs pull brings the file itself"
    if b"annex/objects/" in start:
        return "a pointer of git-annex to it; git annex get brings the file itself"
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)", start, re.IGNORECASE):
        return "a web page; download the file that it links to, or see what it says"
    return None


def put_weights(network: nn.Module, weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Put a state dict into a network, all of it or nothing; ``path`` names it in errors."""
    expected = {name: value for name, value in network.state_dict().items() if isinstance(value, Tensor)}
    weights = _fitting(strip(weights, expected), expected, path)
    # Tied weights may have been saved once only, and checkpoints before torch 0.4.1 did not count batches.
    present = {value.data_ptr() for name, value in expected.items() if name in weights and not is_lazy(value)}
    missing = [
        name
        for name, value in expected.items()
        if name not in weights and not name.endswith("num_batches_tracked")
        if is_lazy(value) or value.numel() == 0 or value.data_ptr() not in present
    ]
    unexpected = [name for name in weights if name not in expected]
    if missing or unexpected:
        parts = [f"it lacks {_some(missing)}"] * bool(missing) + [f"it has {_some(unexpected)} more"] * bool(unexpected)
        raise WeightsError(f"{path} does not fit the network of {len(expected)} tensors: {' and '.join(parts)}")
    fits = {name: is_lazy(expected[name]) or expected[name].shape == value.shape for name, value in weights.items()}
    if not all(fits.values()):
        wrong = [
            f"{name} (network {tuple(expected[name].shape)}, file {tuple(weights[name].shape)})"
            for name, fit in fits.items()
            if not fit
        ]
        raise WeightsError(f"{path} does not fit the network: shapes differ in {_some(wrong)}")
    wrong = [
        f"{name} (network {expected[name].dtype}, file {value.dtype})"
        for name, value in weights.items()
        if _kind(expected[name]) != _kind(value)
    ]
    if wrong:
        raise WeightsError(f"{path} does not fit the network: types differ in {_some(wrong)}")
    broken = [name for name, value in weights.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise WeightsError(f"{path} has weights that are not finite in {_some(broken)}")
    network.load_state_dict(dict(weights), strict=False)


def strip(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off prefixes that every name of the weights has, but not every name of the network."""
    weights = dict(weights)
    for _ in PREFIXES:
        for prefix in PREFIXES:
            if weights and all(name.startswith(prefix) for name in weights):
                if all(name.startswith(prefix) for name in expected):
                    continue
                weights = {name.removeprefix(prefix): value for name, value in weights.items()}
    return weights


def _fitting(weights: dict[str, Tensor], expected: Mapping[str, Tensor], path: str | Path) -> dict[str, Tensor]:
    """The part of a checkpoint that is the network: what else a Lightning module holds beside it is left out, and said.

    A part is all names that begin alike, with that beginning taken off; it has a tensor for each of the network's.
    """
    if not expected or any(name in expected for name in weights):
        return weights
    known = {name for name, value in expected.items() if is_lazy(value) or value.numel()}
    needed = {name for name in known if not name.endswith("num_batches_tracked")}
    starts = {name[:at] for name in weights for at in range(1, len(name)) if name[at - 1] == "."}
    parts: list[tuple[int, str]] = []
    for start in starts:
        part = {name.removeprefix(start) for name in weights if name.startswith(start)}
        if needed and needed <= part:
            parts.append((len(part & known), start))
    if not parts:
        return weights
    _, start = max(parts)
    found = {name: weights[start + name] for name in expected if start + name in weights}
    left = [name for name in weights if not (name.startswith(start) and name.removeprefix(start) in expected)]
    where = f"{len(found)} tensors under {start.removesuffix('.')!r}"
    told = f"{path}: the network's weights are its {where}; left out: {_some(left)}"
    warnings.warn(printable(told), stacklevel=4)
    return found


def first_line(error: BaseException, limit: int = 300) -> str:
    """An exception's message, cut to one line; of torch's about pickles the fault, not the advice to run them."""
    said = str(error).rpartition("WeightsUnpickler error:")[2]
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [type(error).__name__]
    return lines[0] if len(lines[0]) <= limit else lines[0][: limit - 3] + "..."


def _checkpoint(path: Path) -> object:
    """What a checkpoint of torch.save holds, as far as it is tensors and plain containers."""
    if wrong := swollen(path):
        raise WeightsError(f"{path} {wrong}: it is refused")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles' protocols; what matters is raised
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # torch raises anything on a damaged file: assertions, struct's errors
        cause = error
    saved, names, found = _inside(path)
    if any(name.endswith("/constants.pkl") for name in names):
        raise WeightsError(
            f"{path} is a TorchScript program, not a file of weights; save its weights where it was made: "
            + conversion(path, SCRIPT)
        ) from cause
    named = [name for name in found if not HARMLESS.fullmatch(name)]
    if named:
        raise WeightsError(
            f"{path} is a pickle that would run code on loading (it names {_some(list(dict.fromkeys(named)))}) "
            "and is refused; save its weights where it was made: " + conversion(path, WHOLE if saved else PICKLE)
        ) from cause
    raise WeightsError(
        f"{path} is neither safetensors nor a whole checkpoint of torch.save: {first_line(cause)}"
    ) from cause


def _inside(path: Path) -> tuple[bool, list[str], list[str]]:
    """Whether torch.save wrote a file, the names of its members, and what its pickles name to be called."""
    names: list[str] = []
    found: list[str] = []
    with suppress(Exception):  # Python's reader raises anything on a damaged archive; what was found before counts
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names += archive.namelist()
                for name in names:
                    found += _globals(io.BytesIO(archive.read(name))) if name.endswith("data.pkl") else []
    with path.open("rb") as file:
        start = file.read(16)
        if names or start.startswith(b"PK"):
            return True, names, found
        file.seek(0)  # before version 1.6 they were pickles that begin with a number
        return MAGIC in start, names, _globals(file)


def _globals(file: io.BytesIO | io.BufferedReader) -> list[str]:
    """What a file of pickles names to be called, read without calling any of it."""
    found: list[str] = []
    for _ in range(5):  # torch's format before 1.6 begins with five pickles, the fourth of which is the object
        strings: list[str] = []
        try:
            for operation, argument, _ in pickletools.genops(file):
                if operation.name in ("GLOBAL", "INST"):
                    found.append(str(argument).replace(" ", "."))
                elif operation.name == "STACK_GLOBAL":
                    found.append(".".join(strings[-2:]) or "something unreadable")
                elif isinstance(argument, str):
                    strings.append(argument)
        except Exception:  # genops raises anything on bytes that are no pickle; what was found before counts
            break
    return found


def _state_dict(found: object, path: Path) -> dict[str, Tensor]:
    """The tensors in what a checkpoint holds."""
    for _ in WRAPPERS:
        if isinstance(found, Mapping):
            inside = cast(Mapping[object, object], found)
            found = next((inside[key] for key in WRAPPERS if isinstance(inside.get(key), Mapping)), inside)
    if not isinstance(found, Mapping) or not found:
        kind = "an empty dictionary" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise WeightsError(f"{path} holds {kind}, expected a dictionary of tensors by name")
    entries = cast(Mapping[Any, Any], found)
    others = [
        f"{name} ({type(value).__name__})"
        for name, value in entries.items()
        if not (isinstance(name, str) and isinstance(value, Tensor))
    ]
    if others:
        raise WeightsError(
            f"{path} holds no state dict, neither itself nor under {', '.join(WRAPPERS)}: "
            f"not tensors are {_some(others)}"
        )
    return dict(cast(Mapping[str, Tensor], entries))


def _kind(value: Tensor) -> str:
    return "complex" if value.is_complex() else "real" if value.is_floating_point() else "integer"


def _some(names: list[str], limit: int = 3) -> str:
    """The first few names, and how many there are."""
    more = f", ... ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
