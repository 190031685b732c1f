"""Standard output holds results only, and a run is known by what its network does."""

import json

import numpy as np
import pytest

from feint.app.cli import main

NETWORK = """
import torch
print("a user's file says something")

class N(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(16, 3)

    def forward(self, x):
        print("and so does its forward")
        return SCALE * self.linear(x.flatten(1))

def build():
    print("and its function")
    return N()
"""


@pytest.fixture
def audit(tmp_path, capsys):
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "some.npz", images=generator.random((6, 4, 4)), labels=np.arange(6) % 3)

    def run(scale, *more):
        (tmp_path / "net.py").write_text(NETWORK.replace("SCALE", scale))
        arguments = ["audit", "--data", str(tmp_path / "some.npz"), "--network", f"{tmp_path / 'net.py'}:build"]
        arguments += ["--radii", "0.01", "--out", str(tmp_path / "runs"), "--json", "--quiet", "--threads", "1"]
        assert main([*arguments, *more]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_network_that_prints_does_not_spoil_the_json(audit):
    assert audit("1.0")["images"] == 6


def test_an_edited_forward_is_another_run(audit):
    first, edited, again = audit("1.0"), audit("50.0"), audit("1.0")
    assert edited["run"]["id"] != first["run"]["id"]
    assert edited["clean"]["nll"] != first["clean"]["nll"]
    assert again == first


def test_a_network_without_parameters_can_be_turned_round(tmp_path, capsys):
    np.savez(tmp_path / "some.npz", images=np.random.default_rng(0).random((6, 4, 4)), labels=np.arange(6) % 3)
    (tmp_path / "net.py").write_text(
        "import torch\nclass N(torch.nn.Module):\n    def forward(self, x):\n        return 9 * x.flatten(1)[:, :3]\n"
    )
    arguments = ["audit", "--data", str(tmp_path / "some.npz"), "--network", f"{tmp_path / 'net.py'}:N"]
    assert (
        main([*arguments, "--radii", "0.1", "--attack", "ace:goal=reverse", "--out", str(tmp_path / "runs"), "--quiet"])
        == 0
    )
    assert "report:" in capsys.readouterr().out
