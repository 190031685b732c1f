"""Weights in every layout that the loaders know, and programs of torch.export, to be damaged."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from tests.data.mutations import mutated, rezipped
from torch import nn

from feint.errors import FeintError
from feint.networks import load, load_weights


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def safetensors(folder: Path) -> Path:
    save_file(network().state_dict(), folder / "a.safetensors")
    return folder / "a.safetensors"


def checkpoint(zipped: bool, whole: bool) -> Callable[[Path], Path]:
    """A checkpoint of torch.save, of this format or of that before 1.6; alone, or inside what a training keeps."""

    def write(folder: Path) -> Path:
        weights = network().state_dict()
        content = {"state_dict": {f"model.{name}": each for name, each in weights.items()}, "epoch": 3}
        torch.save(content if whole else weights, folder / "a.pt", _use_new_zipfile_serialization=zipped)
        return folder / "a.pt"

    return write


def exported(folder: Path) -> Path:
    """A program of torch.export; written once, for that takes a second."""
    kept = folder / "whole"
    if not kept.exists():
        flat = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()
        torch.export.save(torch.export.export(flat, (torch.zeros(2, 1, 4, 4),)), folder / "a.pt2")
        shutil.copy(folder / "a.pt2", kept)
    shutil.copy(kept, folder / "a.pt2")
    return folder / "a.pt2"


WEIGHTS: dict[str, Callable[[Path], Path]] = {
    "safetensors": safetensors,
    "checkpoint": checkpoint(True, False),
    "checkpoint of a training": checkpoint(True, True),
    "checkpoint before 1.6": checkpoint(False, False),
    "torch.export": exported,
}


def damage(path: Path, rng: Random) -> None:
    """Damage a file in place; half of the zipped ones with their checksums right."""
    if path.read_bytes().startswith(b"PK") and rng.random() < 0.5:
        rezipped(path, rng)
    else:
        path.write_bytes(mutated(path.read_bytes(), rng))


def read(path: Path) -> str | None:
    """Load it; the message where that cannot be done."""
    try:
        load(str(path), allow_code=True) if path.suffix == ".pt2" else load_weights(network(), path)
    except FeintError as error:
        return str(error)
    return None
