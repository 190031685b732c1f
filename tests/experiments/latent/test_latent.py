"""Maps of the latent plane of an autoencoder, and the confident rubbish far away."""

import numpy as np
import pytest
import torch

from feint.data import load
from feint.errors import SpecError
from feint.experiments.latent import LATENT, LatentSettings
from feint.experiments.latent.plane import Plane, spread_out
from feint.reports.text import text
from feint.runs.machine import Machine
from feint.runs.runners import local
from feint.victims.loading.autoencoder import load_autoencoder
from feint.victims.records import MEASURE


def values_of(**values):
    common = {"autoencoder": "vae", "victims": ["plain", "pair"], "data": {"first": 60}}
    return {**common, "side": 9, "threads": 1, **values}


def run(trained, root, **values):
    settings = LatentSettings.parse(values_of(**values))
    return local.run(LATENT, settings, root, victims=trained, allow_code=True, command="feint latent", progress=False)


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return run(trained, tmp_path_factory.mktemp("runs"), shown=3)


def seen(result, table, which):
    """What a victim saw, by numpy alone."""
    rows = result.run.table(table).read(victim=which)
    return {name.removeprefix(MEASURE): rows.column(name).to_numpy() for name in rows.column_names}


def test_files(result):
    names = {str(path.relative_to(result.folder)) for path in result.folder.rglob("*.*") if path.is_file()}
    kinds = ("plane", "mosaic", "confident", "rubbish", "map_predictive_entropy", "map_mutual_information")
    assert names >= {"report.html", "summary.json", *(f"figures/{kind}.svg" for kind in kinds)}
    assert len(result.figures["map_predictive_entropy"].panels) == 2
    assert len(result.figures["map_mutual_information"].panels) == 1
    assert "plain" in result.figures["map_mutual_information"].caption


def test_maps_are_of_the_decoded_grid(result):
    plane, maps = result.run.arrays("plane"), seen(result, "maps", 1)
    assert set(maps) >= {"predictive_entropy", "mutual_information", "softmax_variance", "prediction"}
    assert np.isnan(seen(result, "maps", 0)["mutual_information"]).all()
    far = np.linalg.norm(np.stack(np.meshgrid(plane["axis"], plane["axis"]), -1)[:, :, None] - plane["encoded"], axis=3)
    np.testing.assert_allclose(plane["distance"], far.min(2), rtol=1e-5)
    assert (maps["mutual_information"] <= maps["predictive_entropy"] + 1e-12).all()
    assert maps["point"].tolist() == list(range(81))


def test_codes_and_labels_are_the_images(result, trained):
    plane, batch = result.run.arrays("plane"), load("digits").only(range(60))
    settings = result.run.settings.autoencoder
    autoencoder = load_autoencoder(settings, load("digits"), Machine("cpu", 1, victims=trained))
    with torch.no_grad():
        np.testing.assert_allclose(plane["encoded"], autoencoder.encode(batch.inputs).mean.numpy(), atol=1e-6)
    assert plane["labels"].tolist() == batch.targets.tolist() == seen(result, "images", 0)["label"].tolist()


def test_shares_and_rubbish(result):
    plane = result.run.arrays("plane")
    assert result.summary["far_beyond"] == pytest.approx(np.quantile(plane["among"], 0.999))
    is_far = plane["distance"].ravel() > result.summary["far_beyond"]
    assert result.summary["far_share"] == pytest.approx(is_far.mean())
    for which, victim in enumerate(result.summary["victims"]):
        maps, images = seen(result, "maps", which), seen(result, "images", which)
        limit = np.quantile(images["predictive_entropy"], 0.95)
        assert victim["limits"]["predictive_entropy"] == pytest.approx(limit)
        assert victim["accuracy"] == (images["prediction"] == images["label"]).mean()
        share = (maps["predictive_entropy"] <= limit)[is_far].mean()
        assert victim["far_confident"]["predictive_entropy"] == pytest.approx(share)
        assert victim["far_confident"]["both"] <= share + 1e-12
        assert len(victim["rubbish"]) <= 3
        for piece in victim["rubbish"]:
            assert piece["distance"] > result.summary["far_beyond"]
            assert piece["entropy"] <= limit
    assert result.summary["victims"][0]["far_confident"].keys() < result.summary["victims"][1]["far_confident"].keys()


def test_rubbish_is_stored_as_it_was_seen(result, trained):
    plane = result.run.arrays("plane")
    settings = result.run.settings.autoencoder
    autoencoder = load_autoencoder(settings, load("digits"), Machine("cpu", 1, victims=trained))
    shown = 0
    for which, victim in enumerate(result.summary["victims"]):
        found = result.run.arrays("rubbish", str(which))
        for point, image, piece in zip(found["points"], found["images"], victim["rubbish"], strict=True):
            place = (plane["axis"][point % 9], plane["axis"][point // 9])
            assert place == (piece["x"], piece["y"])
            with torch.no_grad():
                painted = autoencoder.decode(torch.tensor([place]))[0].permute(1, 2, 0)
            np.testing.assert_allclose(image, painted.numpy(), atol=1e-6)
            shown += 1
    assert shown


def test_places_are_chosen_far_from_images_and_each_other():
    axis = np.array([-1.0, 0.0, 1.0])
    distance = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.5]])
    plane = Plane(axis, np.zeros((1, 2)), np.zeros(1), distance, 0.5)
    assert spread_out(plane, plane.is_far, 3) == [2, 8, 0]  # then 1 from the corner, and 2 from the one across
    assert spread_out(plane, np.zeros((3, 3), bool), 3) == []


def test_pieces_and_calls_change_no_bit(result, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("feint.experiments.latent.work.POINTS_PER_PIECE", 1)
    again = run(trained, tmp_path, shown=3, batch_size=10)
    whole = run(trained, tmp_path / "whole", shown=3, batch_size=10)
    for which in (0, 1):
        for name, values in seen(again, "maps", which).items():
            np.testing.assert_array_equal(values, seen(whole, "maps", which)[name])
    assert {**again.summary, "run": 0} == {**whole.summary, "run": 0}


def test_what_is_printed(result):
    said = text(result.report)
    both = result.summary["victims"][0]["far_confident"]["both"]
    assert said.startswith(
        f"Far from all data, this much of the latent plane still looks familiar: plain {both:.0%}"[:-1]
    )
    row = next(line for line in said.splitlines() if line.lstrip().startswith("entropy and mutual information"))
    assert row.split()[-2] == f"{100 * both:.1f}"


def test_a_complete_run_is_read(result, trained, monkeypatch):
    monkeypatch.setattr("feint.experiments.scene.predict", None)  # nothing is asked anew
    again = run(trained, result.folder.parent, shown=3)
    assert again.summary == result.summary


@pytest.mark.parametrize("values", [{"side": 1}, {"far": 2}, {"flagged": 0}, {"extent": -1}, {"victims": ()}])
def test_bad_values(values):
    with pytest.raises(SpecError, match=next(iter(values))):
        LatentSettings.parse(values_of(**values))


def test_a_victim_twice():
    with pytest.raises(SpecError, match="each victim once"):
        LatentSettings.parse(values_of(victims=["plain", "plain"]))


def test_one_image_is_not_far_from_any(trained, tmp_path):
    with pytest.raises(SpecError, match="at least two images"):
        run(trained, tmp_path / "runs", data={"first": 1})
    assert not (tmp_path / "runs").exists()


def test_no_third_dimension(trained, tmp_path):
    from feint.experiments.training import TRAINING, TrainingSettings

    values = {"name": "deep", "network": "vae:latent=3", "data": {"first": 20}, "recipe": {"epochs": 1}, "threads": 1}
    for name in ("plain", "small.py"):  # a card names its network's file by the way from its folder
        (tmp_path / name).symlink_to(trained / name)
    local.run(TRAINING, TrainingSettings.parse(values), tmp_path / "runs", victims=tmp_path, progress=False)
    with pytest.raises(SpecError, match="expected two latent dimensions, got 3"):
        run(tmp_path, tmp_path / "planes", autoencoder="deep", victims="plain")
