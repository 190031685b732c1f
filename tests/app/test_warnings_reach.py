"""Warnings reach every experiment that attacks, and labels that a network does not have never pass."""

import pytest
import torch
from torch import nn

import feint
from feint.errors import DataError, SpecError
from feint.victims.settings import EstimatorWord
from feint.victims.victim import declared


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
