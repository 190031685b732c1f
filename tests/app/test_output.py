"""Standard output holds results only, and a run is known by what its network does."""

import json
import sys

import numpy as np
import pytest
import torch
from tests import warm

from feint.app.cli import main
from feint.networks import DigitNetwork

pytestmark = pytest.mark.usefixtures("undrawn")
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


def test_what_is_printed_past_python_does_not_spoil_the_json_either(tmp_path):
    np.savez(tmp_path / "some.npz", images=np.random.default_rng(0).random((6, 4, 4)), labels=np.arange(6) % 3)
    loud = "import os\nos.write(1, b'to the descriptor\\n')\nos.system('echo from a child')\n"
    (tmp_path / "net.py").write_text(loud + NETWORK.replace("SCALE", "1.0"))
    command = [sys.executable, "-m", "feint", "audit", "--data", "some.npz", "--network", "net.py:build"]
    command += ["--radii", "0.01", "--json", "--quiet", "--threads", "1"]
    done = warm.run(command, tmp_path)
    assert done.stdout[:1] == "{"
    assert json.loads(done.stdout)["images"] == 6
    for said in ("to the descriptor", "from a child", "a user's file says something"):
        assert said in done.stderr


FAILS = {
    "raise RuntimeError('not this one')": "got RuntimeError: not this one",
    "import sys; sys.exit(0)": "got SystemExit: 0",
    "return out * float('nan')": "",
}


@pytest.mark.parametrize("failing", FAILS)
@pytest.mark.parametrize("estimator", ["softmax", "mc-dropout:draws=3"])
def test_what_fails_inside_a_network_names_it_and_the_sample(tmp_path, capsys, failing, estimator):
    images = np.random.default_rng(0).random((6, 4, 4)) * 0.5
    images[4, 0, 0] = 1.0
    np.savez(tmp_path / "some.npz", images=images, labels=np.arange(6) % 3)
    code = f"""
import torch
class N(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(16, 3)
    def forward(self, x):
        out = self.linear(torch.nn.functional.dropout(x.flatten(1), 0.5, self.training))
        odd = x[:, 0, 0, 0] == 1
        if odd.any() and x.flatten(1).max() == 1 and len(x) != 8:
            {failing}
        return out
"""
    (tmp_path / "net.py").write_text(code)
    arguments = ["audit", "--data", str(tmp_path / "some.npz"), "--network", f"{tmp_path / 'net.py'}:N"]
    arguments += ["--radii", "0.01", "--out", str(tmp_path / "runs"), "--estimator", estimator, "--quiet"]
    if "nan" in failing:  # it is left out, and said
        assert main([*arguments, "--json"]) == 0
        out, err = capsys.readouterr()
        ((where, reason),) = json.loads(out)["skipped"]
        assert (where.endswith("some.npz: image 4"), reason) == (True, "the network returns NaN or infinity for it")
        assert f"1 input is left out of all numbers: {reason}\n" in err
        return
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "net.py:N: " in err
    assert FAILS[failing] in err
    assert "sample 4" in err


def test_a_warning_is_one_line(tmp_path):
    """Of weights that are a part of a checkpoint; Python would say where in the code it comes from, in two lines."""
    state = {f"model.{name}": value for name, value in DigitNetwork().state_dict().items()}
    torch.save({"state_dict": {**state, "criterion.weight": torch.ones(10)}}, tmp_path / "last.ckpt")
    command = [sys.executable, "-m", "feint", "attack", "fgsm", "--radii", "0.1", "--limit", "3", "--quiet"]
    command += ["--network", "digits:weights=last.ckpt"]
    done = warm.run(command, tmp_path)
    told = (
        "feint: warning: last.ckpt: the network's weights are its 8 tensors under 'model'; left out: criterion.weight"
    )
    assert told in done.stderr.splitlines()
    assert ".py:" not in done.stderr
