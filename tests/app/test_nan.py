"""A network that returns NaN for one input: it is noted as such, said, and averaged nowhere; others are as before."""

import json

import numpy as np
import pytest

from .conftest import NETWORKS, records

BROKEN = """

class Broken(Small):
    def forward(self, images):
        marked = images[:, :1, :1, :1] == 1
        return super().forward(torch.where(marked, torch.full_like(images, float("nan")), images))


def broken():
    return Broken()


def broken_dropout():
    return Broken(dropout=0.5)
"""
MARKED = 5
REASON = "the network returns NaN or infinity for it"


@pytest.fixture
def marked(save_images, tmp_path):
    """Images one of which is marked, and networks that have no number for it."""
    (tmp_path / "networks.py").write_text(NETWORKS + BROKEN)
    images = np.random.default_rng(0).integers(0, 255, (24, 8, 8), dtype=np.uint8)
    images[:, 0, 0] = 0  # so far from the mark that no attack gets there
    images[MARKED, 0, 0] = 255
    return save_images(images=images)


@pytest.mark.usefixtures("plain_report")
@pytest.mark.parametrize(
    "asked",
    [
        ["audit", "--radii", "0.05"],
        ["audit", "--radii", "0.05", "--attack", "ace:goal=reverse"],
        ["audit", "--radii", "0.05", "--estimator", "mc-dropout:draws=3", "--repeats", "1"],
        ["attack", "fgsm", "--radii", "0.1"],
        ["detect", "--attack", "fgsm", "--radii", "0.1"],
        ["span", "--radii", "0.05"],
        ["per-class", "--attack", "fgsm", "--radii", "0.1", "--estimator", "mc-dropout"],
        ["ood", "--attack", "fgsm", "--radii", "0.1", "--foreign", "MARKED:first=4"],
        ["spread", "--estimator", "mc-dropout:draws=3"],
    ],
    ids=lambda asked: "-".join(word for word in asked[:5:4] if word[0] != "-"),
)
def test_one_input_without_a_number(feint, marked, tmp_path, asked):
    draws = "mc-dropout" in str(asked)
    asked = [word.replace("MARKED", str(marked)) for word in asked]
    command = [*asked, "--data", marked, "--batch-size", 4, "--threads", 1, "--quiet", "--json"]
    name = "dropout" if draws else "build"
    sound = feint(*command, "--network", f"{tmp_path / 'networks.py'}:{name}")
    found = feint(*command, "--network", f"{tmp_path / 'networks.py'}:broken{'_dropout' if draws else ''}")
    assert (sound.code, found.code) == (0, 0), (sound, found)
    summary = json.loads(found.out)
    assert summary["skipped"] == [[f"{marked}: image {MARKED}", REASON]]
    said = f"1 input is left out of all numbers: {REASON}"
    assert said in summary["warnings"]
    assert f"feint: warning: {said}\n" in found.err
    assert said not in sound.err
    table = "spread" if asked[0] == "spread" else "records"
    before, after = records(json.loads(sound.out), table), records(summary, table)
    kept = before["sample"] != MARKED
    if "ace:goal=reverse" in asked:  # the others' ranks are others then
        kept &= before["variant"] == "clean"
        after = {key: column[after["variant"] == "clean"] for key, column in after.items()}
    assert MARKED not in after["sample"]
    for key, column in after.items():
        assert np.array_equal(column, before[key][kept], equal_nan=column.dtype.kind == "f"), key


@pytest.mark.usefixtures("plain_report")
def test_several_inputs_without_a_number(feint, marked, save_images, tmp_path):
    images = np.load(marked)["images"]
    images[MARKED + 1, 0, 0] = 255
    network = f"{tmp_path / 'networks.py'}:broken"
    found = feint("span", "--radii", 0.05, "--data", save_images(images=images), "--network", network, "--threads", 1)
    assert found.code == 0, found
    said = "2 inputs are left out of all numbers: the network returns NaN or infinity for them"
    assert f"feint: warning: {said}\n" in found.err
