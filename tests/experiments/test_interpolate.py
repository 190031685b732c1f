"""Blends of two images, and which measure tells them apart."""

import numpy as np
import pytest
import torch

from feint.errors import SpecError
from feint.experiments.autoencoder import read_autoencoder
from feint.experiments.interpolate import (
    InterpolateSpec,
    Pairs,
    advantage_of_information,
    detects,
    draw_pairs,
    interpolate,
)
from feint.experiments.scene import open_scene
from feint.experiments.spec import DataSpec
from feint.experiments.train import read_victim


@pytest.fixture(scope="module")
def spec(trained):
    return InterpolateSpec(
        autoencoder=read_autoencoder(trained, "vae"),
        victims=(read_victim(trained, "plain"), read_victim(trained, "pair")),
        data={"limit": 60},
        pairs=12,
        paths=4,
        steps=3,
        resamples=20,
        threads=1,
    )


@pytest.fixture(scope="module")
def result(spec, tmp_path_factory):
    return interpolate(spec, tmp_path_factory.mktemp("runs"), progress=False)


def test_pairs_are_of_different_classes():
    labels = torch.arange(50) % 2
    first, second = draw_pairs(labels, 500, seed=1)
    assert (labels[first] != labels[second]).all()
    assert len(first.unique()) > 45
    assert torch.equal(draw_pairs(labels, 500, seed=1)[1], second)
    assert not torch.equal(draw_pairs(labels, 500, seed=2)[0], first)
    with pytest.raises(SpecError, match="two classes"):
        draw_pairs(torch.zeros(5, dtype=torch.int64), 3, seed=0)


def test_blends(spec):
    with open_scene(spec, progress=False) as (_, scene):
        images = scene.dataset.gather(range(4)).inputs
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


def test_what_a_run_leaves(result):
    summary = result.summary
    plain, pair = summary["victims"]
    assert "mutual_information" not in plain["auroc"]["pixel"]
    assert plain["information_less_entropy"] == {}
    found = pair["auroc"]["pixel"]
    difference = found["mutual_information"]["estimate"] - found["predictive_entropy"]["estimate"]
    assert pair["information_less_entropy"]["pixel"]["estimate"] == pytest.approx(difference)
    with np.load(result.folder / "blends-1.npz") as file:
        assert file["halves/latent/mutual_information"].shape == (12,)
        assert file["paths/reconstruction/predictive_entropy"].shape == (4, 3)
        # Half-way is the middle of the way.
        np.testing.assert_allclose(
            file["paths/pixel/predictive_entropy"][:, 1], file["halves/pixel/predictive_entropy"][:4], atol=1e-5
        )
    assert {path.name for path in (result.folder / "figures").iterdir()} == {"halves.png", "path_0.png", "path_1.png"}
    assert "Half-way" in (result.folder / "report.html").read_text()


def test_a_complete_run_is_read(spec, result):
    assert interpolate(spec, result.folder.parent, progress=False) == result


def test_one_class_leaves_no_folder(spec, tmp_path):
    with pytest.raises(SpecError, match="two classes"):
        interpolate(spec.model_copy(update={"data": DataSpec(limit=1)}), tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("values", [{"pairs": 1}, {"steps": 2}, {"paths": 0}, {"resamples": 0}])
def test_bad_values(spec, values):
    with pytest.raises(SpecError):
        InterpolateSpec.parse({**spec.model_dump(), **values})
