"""The page of the audit knows every option and every field."""

import re
from pathlib import Path

import numpy as np

from feint import AuditSpec, audit
from feint.app import cli

PAGE = (Path(__file__).parents[1] / "docs" / "audit.md").read_text()
KNOWN = set(re.findall(r"`([^`]+)`", PAGE))


def test_every_option():
    commands = next(action for action in cli.parser()._actions if action.choices)
    options = {name for action in commands.choices["audit"]._actions for name in action.option_strings}
    assert options - {"-h", "--help"} == {name for name in KNOWN if re.fullmatch(r"--[a-z-]+", name)}


def fields(value: object) -> set[str]:
    if isinstance(value, list):
        return {name for each in value for name in fields(each)}
    if isinstance(value, dict):
        return set(value) | {name for each in value.values() for name in fields(each)}
    return set()


def test_every_field(tmp_path: Path):
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "some.npz", images=generator.random((6, 4, 4)), labels=np.arange(6) % 3)
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.5), nn.Linear(8, 3))\n"
    )
    spec = AuditSpec.parse(
        {
            "data": {"source": str(tmp_path / "some.npz")},
            "victim": {
                "networks": [{"name": f"{tmp_path / 'net.py'}:build"}],
                "estimator": "mc-dropout",
                "draws": 2,
            },
            "radii": [0.1],
        }
    )
    found = fields(audit(spec, tmp_path, progress=False).summary)
    words = {word for name in KNOWN for word in re.split(r"[^a-z_]+", name)}
    assert found - words == set()
