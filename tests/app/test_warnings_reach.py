"""Warnings reach every experiment that attacks, and labels that a network does not have never pass."""

import pytest
import torch
from torch import nn

import feint
from feint.errors import DataError, NetworkError, SpecError
from feint.victims.settings import EstimatorWord
from feint.victims.victim import declared

pytestmark = pytest.mark.usefixtures("undrawn")


class Rounding(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 2, bias=False)
        nn.init.constant_(self.linear.weight, 0.1)

    def forward(self, images):
        return self.linear((images.flatten(1) * 255).round() / 255)


@pytest.mark.parametrize(
    ("experiment", "more"),
    [
        (feint.audit, {}),
        (feint.attack, {"attack": "fgsm"}),
        (feint.span, {"attack": "ace"}),
        (feint.detect, {"attacks": ["fgsm"], "resamples": 10}),
    ],
)
def test_no_gradient_is_said(experiment, more, tmp_path):
    images = torch.rand(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 0, 0])
    result = experiment(Rounding(), images, labels, radii=[0.05], root=tmp_path, threads=1, **more)
    assert any("the gradient is zero everywhere for 4 of 4 images" in each for each in result.summary["warnings"])
    assert result.report.warnings == tuple(result.summary["warnings"])


def test_outputs_are_declared_once():
    assert declared(EstimatorWord(name="softmax"), "sigmoid").settings == {"outputs": "sigmoid"}
    with pytest.raises(SpecError, match="outputs: expected an estimator of networks that return logits, got duq"):
        declared(EstimatorWord(name="duq"), "sigmoid")


def test_test_labels_that_a_network_does_not_have_are_refused(tmp_path):
    import numpy as np

    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "train.npz", images=images, labels=np.arange(8) % 2)
    np.savez(tmp_path / "test.npz", images=255 - images, labels=np.arange(8) % 2 + 90)
    told = {"data": str(tmp_path / "train.npz"), "test": str(tmp_path / "test.npz")}
    with pytest.raises(DataError, match="expected classes among '0', '1'"):
        feint.run("train", name="m", network="digits", **told, root=tmp_path / "runs", victims=tmp_path / "victims")


def test_no_gradient_is_said_by_class(tmp_path):
    """Of each victim and attack, and whose accuracy is chance."""
    import numpy as np

    (tmp_path / "rounds.py").write_text(
        "import torch\nfrom torch import nn\n\n"
        "class Rounding(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.dropout, self.linear = nn.Dropout(0.5), nn.Linear(16, 2)\n"
        "    def forward(self, images):\n"
        "        found = self.linear(self.dropout((images.flatten(1) * 255).round() / 255))\n"
        "        return 0 * found + torch.tensor([0.0, 9.0])\n"
    )
    images = np.random.default_rng(0).integers(0, 256, (8, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(8) % 2)
    victims = [{"name": name, "networks": [f"{tmp_path / 'rounds.py'}:Rounding"]} for name in ("one", "other")]
    told = {"attacks": ["fgsm", "bim:steps=2"], "radii": [0.05], "passes": 2, "threads": 1}
    settings = {"victims": victims, "data": str(tmp_path / "a.npz"), **told}
    result = feint.run("per-class", settings, root=tmp_path, allow_code=True)
    chance = "accuracy is 50.0 %, no better than chance among 2 classes"
    for name in ("one", "other"):
        assert any(each.startswith(f"{name}: {chance}") for each in result.summary["warnings"])
        lost = f"{name}, fgsm at 0.05: the gradient is zero everywhere for 8 of 8 images"
        assert any(each.startswith(lost) for each in result.summary["warnings"])
    assert result.report.warnings == tuple(result.summary["warnings"])


def test_estimators_that_are_trained_as_a_whole_answer_by_themselves_too(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\n"
        "def build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))\n\n"
        "def batchy():\n    return nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), *build())\n"
    )
    place = {"root": tmp_path / "runs", "victims": tmp_path / "victims", "allow_code": True}
    for name in ("build", "batchy"):
        told = {"network": f"{tmp_path / 'nets.py'}:{name}", "data": {"source": "digits", "limit": 100}, "threads": 1}
        feint.run("train", {**told, "name": name, "estimator": "duq", "recipe": {"epochs": 1}}, **place)
    asked = {"data": {"source": "digits", "limit": 20}, "radii": [0.05], "threads": 1, "baseline": "none"}
    assert feint.run("audit", {**asked, "victim": "build"}, **place).summary["images"] == 20
    with pytest.raises(NetworkError, match=r"in its batch, from its layer features\.network\.0 \(BatchNorm2d\)"):
        feint.run("audit", {**asked, "victim": "batchy"}, **place)
