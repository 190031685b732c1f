"""What can be known to be wrong is said before a network is trained, and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from feint import training
from feint.victims.loading import embedded


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*_: object, **__: object) -> None:
        pytest.fail("a network was trained")

    monkeypatch.setattr(embedded, "trained_digit_network", trained)
    monkeypatch.setattr(training, "fit", trained)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("audit --measure mutual_information", "mutual_information"),
        ("audit --estimator mc-dropout", "found no dropout module"),
        ("audit --attack lbfgs --radii 8/255,2/0", "radii"),
        ("audit --radii 8", "8/255 is 0.0314"),
        ("audit --attack fgsm:steps=3", "steps"),
        ("audit --proxy nobody.py:f", "no file at nobody.py"),
        ("audit --out occupied", "cannot write"),
        ("audit --out occupied/below", "cannot write"),
        ("span --threshold 2", "threshold"),
        ("detect --attack bim:steps=0 --radii 0.1", "steps"),
        ("train small --network digits --victims occupied", "cannot write"),
        ("train small --network digits --out occupied", "cannot write"),
        ("train small --network digits:dropuot=0.5", "dropuot"),
        ("train small --network digits --estimator selective-net:coverage=2", "coverage"),
    ],
)
def test_said_before_anything_is_trained(feint, tmp_path: Path, arguments: str, said: str):
    (tmp_path / "occupied").write_text("a file")
    outcome = feint(*arguments.split(), "--quiet", "--threads", 1)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert said in outcome.err
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == []
    assert (tmp_path / "occupied").read_text() == "a file"


BEFORE_TORCH = {
    "audit --radii 8": "8/255 is 0.0314",
    "audit --radii 3/2": "got 1.5",
    "audit --radii 0.1,8/0": "radii",
    "audit --radii -0.1": "radii",
    "audit --radii=": "radii",
    "audit --radii inf": "radii",
    "audit --radii 0.1,0.1": "each radius once",
    "audit --attack ace:radii=8": "got 8",
    "attack fgsm --radii 8": "got 8",
    "attack fgsm:radii=256/255": "got 1.00392",
    "detect --radii 8": "got 8",
    "detect --attack bim:radii=8 --attack cw --radii 0.1": "got 8",
    "ood --foreign images.npz --radii 8": "got 8",
    "ood --foreign images.npz --attack pgd:radii=0.1,8": "got 8",
    "span --radii 8": "got 8",
    "per-class --radii 8": "got 8",
    "train small --network digits --adversarial fgsm:radii=8": "adversarial.radii",
    "reproduce ace-softmax --network digits --white-radii 8": "white-radii",
    "reproduce ace-ensemble --network digits --black-radii 8": "black-radii",
    "reproduce ace-mc-dropout --network digits --white-radii 3/2": "white-radii",
    "reproduce ace-selectivenet --victim small --radii 8": "radii",
    "reproduce out-domain-mnist --foreign images.npz --radii 8": "radii",
    "reproduce out-domain-cifar --foreign images.npz --adversarial-radii 0.1,8": "adversarial-radii",
    "audit --measure mood": "measure",
    "audit --attack ace:measure=mood": "measure",
    "ood --foreign images.npz --measure mood": "measure",
    "detect --attack bim:evade=mood": "evade",
    "latent --autoencoder vae --victim small --measure mood": "measure",
    "audit --estimator mood": "estimator",
    "audit --attack fgsn": "did you mean 'fgsm'?",
    "audit --out occupied": "cannot write",
    "attack fgsm --radii 0.1 --out occupied/below/it": "cannot write",
    "detect --out occupied": "cannot write",
    "ood --foreign images.npz --out occupied": "cannot write",
    "span --out occupied": "cannot write",
    "per-class --out occupied": "cannot write",
    "latent --autoencoder vae --victim small --out occupied": "cannot write",
    "interpolate --autoencoder vae --victim small --out occupied": "cannot write",
    "spread --victim small --out occupied": "cannot write",
    "train small --network digits --out occupied": "cannot write",
    "train small --network digits --victims occupied": "cannot write",
    "reproduce ace-softmax --network digits --out occupied": "cannot write",
    "reproduce out-domain-mnist --foreign images.npz --victims occupied": "cannot write",
    "run radii.yaml": "got 8",
    "run audit.yaml --out occupied": "cannot write",
    "run train.yaml --victims occupied": "cannot write",
}
"""What is refused before torch is imported -> what is said."""
PROBE = """
import contextlib, io, json, sys
from feint.app.cli import main
for line in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main([*line.split(), "--quiet"])
    print(json.dumps([line, code, said.getvalue(), "torch" in sys.modules]), flush=True)
"""


def test_said_before_torch_is_imported(tmp_path: Path):
    (tmp_path / "occupied").write_text("a file")
    (tmp_path / "radii.yaml").write_text("{experiment: audit, radii: [8]}")
    (tmp_path / "audit.yaml").write_text("experiment: audit")
    (tmp_path / "train.yaml").write_text("{experiment: train, name: small, network: digits}")
    before = sorted(tmp_path.rglob("*"))
    command = [sys.executable, "-c", PROBE]
    asked = json.dumps(list(BEFORE_TORCH))
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=tmp_path)
    for line, code, said, torch in map(json.loads, done.stdout.splitlines()):
        assert (code, said.count("\n"), torch) == (2, 1, False), (line, said)
        assert BEFORE_TORCH[line] in said, (line, said)
    assert len(done.stdout.splitlines()) == len(BEFORE_TORCH)
    assert sorted(tmp_path.rglob("*")) == before


CUT = """
import torch
class Whole(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(), torch.nn.Linear(64, 3))
    def forward(self, images):
        return self.layers(images)
class Detached(Whole):
    def forward(self, images):
        return self.layers(images).detach()
class Frozen(Whole):
    @torch.no_grad()
    def forward(self, images):
        return self.layers(images)
"""


@pytest.mark.parametrize("network", ["Detached", "Frozen"])
@pytest.mark.parametrize(
    "command",
    [
        "audit",
        "attack pgd --radii 0.1",
        "detect --attack bim --radii 0.1",
        "ood --foreign images.npz --radii 0.1",
        "span",
        "per-class --passes 2 --attack fgsm",
        "audit --network cut.py:Whole --proxy",
    ],
)
def test_no_gradient_is_said_before_a_folder_is_made(feint, images: Path, tmp_path: Path, command: str, network: str):
    (tmp_path / "cut.py").write_text(CUT)
    before = sorted(tmp_path.rglob("*"))
    named = [f"cut.py:{network}"] if command.endswith("--proxy") else ["--network", f"cut.py:{network}"]
    outcome = feint(*command.split(), *named, "--data", images, "--quiet", "--threads", 1)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert "not differentiable in the inputs: is there a no_grad" in outcome.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_search_by_questions_needs_no_gradient(feint, images: Path, tmp_path: Path):
    (tmp_path / "cut.py").write_text(CUT)
    command = "attack square:queries=2 --radii 0.1 --network cut.py:Detached --limit 3 --quiet"
    assert feint(*command.split(), "--data", images).code == 0
