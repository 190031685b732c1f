"""Blends of two images, and which measure tells them apart."""

import numpy as np
import pytest
import torch

from feint.data import load
from feint.errors import SpecError
from feint.experiments.interpolation import INTERPOLATE, InterpolationSettings
from feint.experiments.interpolation.pairs import KINDS, Pairs, draw_pairs
from feint.experiments.interpolation.summary import advantage_of_information, detects
from feint.experiments.scene import set_scene
from feint.reports.text import text
from feint.runs.machine import Machine
from feint.runs.runners import local

VALUES = {
    "autoencoder": "vae",
    "victims": ["plain", "pair"],
    "data": {"first": 60},
    "pairs": 12,
    "paths": 4,
    "steps": 3,
    "resamples": 20,
    "threads": 1,
}


def run(trained, root, **values):
    settings = InterpolationSettings.parse({**VALUES, **values})
    return local.run(INTERPOLATE, settings, root, victims=trained, allow_code=True, progress=False)


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return run(trained, tmp_path_factory.mktemp("runs"))


def test_pairs_are_of_different_classes():
    labels = torch.arange(50) % 2
    first, second = draw_pairs(labels, 500, seed=1)
    assert (labels[first] != labels[second]).all()
    assert len(first.unique()) > 45
    assert torch.equal(draw_pairs(labels, 500, seed=1)[1], second)
    assert not torch.equal(draw_pairs(labels, 500, seed=2)[0], first)
    with pytest.raises(SpecError, match="two classes"):
        draw_pairs(torch.zeros(5, dtype=torch.int64), 3, seed=0)


def test_blends(trained):
    settings = InterpolationSettings.parse(VALUES)
    _, scene = set_scene(settings, Machine.find(settings, victims=trained, allow_code=True))
    images = scene.dataset.only(range(4)).inputs
    pairs = Pairs(images[:2], images[2:])
    with torch.no_grad():
        codes = [scene.autoencoder.encode(part).mean for part in (pairs.first, pairs.second)]
        remade = [scene.autoencoder.decode(code) for code in codes]
        middle = scene.autoencoder.decode((codes[0] + codes[1]) / 2)
    torch.testing.assert_close(pairs.blend(scene, "pixel", 0.25), 0.75 * images[:2] + 0.25 * images[2:])
    torch.testing.assert_close(pairs.blend(scene, "latent", 0.5), middle)
    torch.testing.assert_close(pairs.blend(scene, "reconstruction", 0.5), (remade[0] + remade[1]) / 2)
    for share, end in ((0.0, remade[0]), (1.0, remade[1])):  # the control begins and ends where the latent way does
        torch.testing.assert_close(pairs.blend(scene, "latent", share), end)
        torch.testing.assert_close(pairs.blend(scene, "reconstruction", share), end)


def test_detection_in_closed_form():
    latent = {"predictive_entropy": np.arange(4.0), "mutual_information": np.zeros(4)}
    pixel = {"predictive_entropy": np.arange(4.0), "mutual_information": np.ones(4)}
    assert detects(latent, pixel, "predictive_entropy", resamples=50).estimate == 0.5
    interval = detects(latent, pixel, "mutual_information", resamples=50)
    assert (interval.low, interval.estimate, interval.high) == (1.0, 1.0, 1.0)
    assert advantage_of_information(latent, pixel, resamples=50).estimate == 0.5


def test_the_pairs_are_those_drawn(result):
    pairs, batch = result.run.arrays("pairs"), load("digits").only(range(60))
    first, second = draw_pairs(batch.targets, 12, seed=0)
    assert pairs["first"].tolist() == first.tolist()
    assert pairs["second_label"].tolist() == batch.targets[second].tolist()
    strips = result.run.arrays("strips")
    assert strips.keys() == KINDS.keys()
    np.testing.assert_array_equal(strips["pixel"][0], batch.inputs[first[0]].permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(strips["pixel"][-1], batch.inputs[second[0]].permute(1, 2, 0).numpy())


def test_what_a_run_leaves(result):
    plain, pair = result.summary["victims"]
    assert "mutual_information" not in plain["auroc"]["pixel"]
    assert plain["information_less_entropy"] == {}
    found = pair["auroc"]["pixel"]
    difference = found["mutual_information"]["estimate"] - found["predictive_entropy"]["estimate"]
    assert pair["information_less_entropy"]["pixel"]["estimate"] == pytest.approx(difference)
    latent, pixel = (result.run.arrays("blends", f"1-{kind}") for kind in ("latent", "pixel"))
    assert latent["halves/mutual_information"].shape == (12,)
    assert result.run.arrays("blends", "1-reconstruction")["paths/predictive_entropy"].shape == (4, 3)
    # Half-way is the middle of the way.
    np.testing.assert_allclose(
        pixel["paths/predictive_entropy"][:, 1], pixel["halves/predictive_entropy"][:4], atol=1e-5
    )
    before, after = (each["halves/predictive_entropy"] for each in (latent, pixel))
    ranks = (after[:, None] > before) + (after[:, None] == before) / 2
    assert found["predictive_entropy"]["estimate"] == pytest.approx(ranks.mean())
    assert pair["medians_half_way"]["latent"]["predictive_entropy"] == np.median(before)


def test_report(result):
    figures = {path.name for path in (result.folder / "figures").iterdir()}
    assert figures == {"halves.svg", "strips.svg", "path_0.svg", "path_1.svg"}
    assert "Half-way" in (result.folder / "report.html").read_text()
    found = result.summary["victims"][1]["auroc"]["pixel"]["mutual_information"]
    said = text(result.report)
    assert f"pair {found['estimate']:.3f} against" in said.splitlines()[0]
    row = next(line for line in said.splitlines() if line.split()[:3] == ["pair", "mutual", "information"])
    assert row.split()[3:5] == [f"{found['estimate']:.3f}", f"({found['low']:.3f}"]


def test_a_complete_run_is_read(result, trained, monkeypatch):
    monkeypatch.setattr("feint.experiments.scene.predict", None)  # nothing is asked anew
    assert run(trained, result.folder.parent).summary == result.summary


def test_one_class_leaves_no_folder(trained, tmp_path):
    with pytest.raises(SpecError, match="two classes"):
        run(trained, tmp_path / "runs", data={"first": 1})
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("values", [{"pairs": 1}, {"steps": 2}, {"paths": 0}, {"resamples": 0}])
def test_bad_values(values):
    with pytest.raises(SpecError, match=next(iter(values))):
        InterpolationSettings.parse({**VALUES, **values})
