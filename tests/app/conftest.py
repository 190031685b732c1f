"""Small data, small networks, and the command line called in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from feint.app.cli import main
from feint.reports import page, pictures

NETWORKS = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, channels=1, classes=3, dropout=0.0, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Flatten(), nn.Linear(64 * channels, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, classes)
            )

    def forward(self, images):
        return 4 * self.layers(images - 0.5)


def build():
    return Small()


def other():
    return Small(seed=1)


def dropout():
    return Small(dropout=0.5)


def dropout_other():
    return Small(dropout=0.5, seed=1)


def ten():
    return Small(classes=10)


def colour():
    return Small(channels=3)


def no_module():
    return "a string"


def fails():
    raise RuntimeError("first line\\nsecond line")


def images_out():
    return nn.Conv2d(1, 2, 3)


def one_column():
    return Small(classes=1)
"""


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(scope="module", autouse=True)
def _whole_runs(whole_runs): ...


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports whose figures are all there but show nothing: drawing takes seconds, and has tests of its own."""
    for module in (page, pictures):
        monkeypatch.setattr(module, "svg", lambda block: f"<svg xmlns='http://www.w3.org/2000/svg'>{block.name}</svg>")


@pytest.fixture
def feint(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return call


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """A user's file of networks for 8x8 images."""
    path = tmp_path / "networks.py"
    path.write_text(NETWORKS)
    return path


@pytest.fixture
def save_images(tmp_path: Path) -> Callable[..., Path]:
    """Write an .npz of 8x8 images with three classes; arrays given replace those drawn."""

    def save(name: str = "images.npz", count: int = 24, **arrays: np.ndarray) -> Path:
        generator = np.random.default_rng(0)
        drawn = {
            "images": generator.integers(0, 256, (count, 8, 8), dtype=np.uint8),
            "labels": generator.integers(0, 3, count),
        }
        path = tmp_path / name
        np.savez(path, **{key: value for key, value in {**drawn, **arrays}.items() if value is not None})
        return path

    return save


@pytest.fixture
def images(save_images: Callable[..., Path]) -> Path:
    """24 images of three classes."""
    return save_images()


def by_chance(accuracy: float, start: str = "") -> str:
    """What is said on standard error of a victim of three classes that does no better than chance."""
    return (
        f"feint: warning: {start}accuracy is {100 * accuracy:.1f} %, no better than chance among 3 classes: "
        "are labels, preprocessing and weights those of this network?\n"
    )


def records(summary: dict[str, Any], name: str = "records") -> dict[str, np.ndarray]:
    """The columns of a run's records, or of another of its tables, as anybody reads them."""
    table = pq.read_table(Path(summary["run"]["folder"]) / "tables" / name)
    return {name: table.column(name).to_numpy() for name in table.column_names}
