"""Networks of other libraries audited for real, on randomly drawn weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

pytestmark = pytest.mark.usefixtures("undrawn")
CLASSES = 4


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    path = tmp_path / "photos.npz"
    np.savez(path, images=generator.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), labels=np.arange(CLASSES))
    return path


def convolutional() -> torch.nn.Module:
    """Every one has weights of its own: a program is exported with others than those that it is to take."""
    before = (torch.nn.Conv2d(3, 6, 3, stride=2), torch.nn.BatchNorm2d(6), torch.nn.ReLU())
    after = (torch.nn.Conv2d(6, 8, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())
    return torch.nn.Sequential(*before, *after, torch.nn.Linear(32, CLASSES)).eval()


@pytest.mark.parametrize("library", ["torchvision", "timm", "exported"])
def test_audit(feint, photos: Path, tmp_path: Path, library):
    torch.manual_seed(0)
    weights = tmp_path / "weights.safetensors"
    if library == "exported":
        name, network = tmp_path / "program.pt2", convolutional()
        batch = torch.export.Dim("batch", min=1)
        program = torch.export.export(convolutional(), (torch.rand(3, 3, 32, 32),), dynamic_shapes=({0: batch},))
        torch.export.save(program, name)
    else:
        if library == "torchvision":
            name, network = "squeezenet1_1", torchvision.models.squeezenet1_1(num_classes=CLASSES)
        else:
            name, network = "resnet10t", timm.create_model("resnet10t", num_classes=CLASSES)
        name = f"{library}:{name}"
    save_file(network.state_dict(), weights)
    victim = ["--network", f"{name}:weights={weights}"]
    allowed = ["--allow-code"] if library == "exported" else []
    outcome = feint(
        "audit", "--data", photos, *victim, "--radii", "0.01", "--quiet", "--json", "--threads", 1, *allowed
    )
    assert outcome.code == 0, outcome
    summary = json.loads(outcome.out)
    assert summary["images"] == 4
    (attacked,) = summary["attacked"]
    assert attacked["kept"] == 1.0
    assert attacked["accuracy"] == summary["clean"]["accuracy"]
    assert attacked["effective_radius"] > 0
    assert (Path(summary["run"]["folder"]) / "report.html").is_file()
