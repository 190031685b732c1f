"""Training of autoencoders, and maps of their latent plane."""

import json

import numpy as np
import pytest
import torch

from feint.data import load
from feint.errors import NetworkError, SpecError
from feint.experiments.autoencoder import load_autoencoder, read_autoencoder, standard_normal, train_autoencoder
from feint.experiments.latent import LatentSpec, latent
from feint.experiments.train import TrainSpec, read_victim
from feint.results.latent import thinned


def spec_of(root, names=("plain", "pair"), **values):
    return LatentSpec(
        autoencoder=read_autoencoder(root, "vae"),
        victims=tuple(read_victim(root, name) for name in names),
        **{"data": {"limit": 60}, "side": 9, "threads": 1, **values},
    )


def training(**values):
    data = {"data": {"split": "train", "limit": 20}, "test": {"limit": 20}, "threads": 1}
    return TrainSpec.parse({"name": "x", "network": {"name": "vae"}, **data, **values})


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return latent(spec_of(trained, shown=3), tmp_path_factory.mktemp("runs"), command="feint latent", progress=False)


def arrays(folder, name):
    with np.load(folder / name) as file:
        return {key: file[key] for key in file.files}


def test_card_of_an_autoencoder(trained):
    card = json.loads((trained / "vae" / "card.json").read_text())
    assert card["kind"] == "autoencoder"
    assert "accuracy" not in card
    assert card["elbo"] == pytest.approx(card["log_likelihood"] - card["kl"])
    assert card["network"]["arguments"] == {"channels": 1, "height": 8, "width": 8}
    images, _, samples = load("digits").take(0, 60).gather(range(60))
    autoencoder = load_autoencoder(read_autoencoder(trained, "vae"), load("digits"), device="cpu")
    with torch.no_grad():
        bound = autoencoder.elbo(images, standard_normal(samples, 2, seed=0)).mean()
    assert card["elbo"] == pytest.approx(float(bound), abs=1e-3)


def test_noise_is_keyed_and_normal():
    noise = standard_normal(torch.arange(20_000), 2, seed=3)
    assert torch.equal(standard_normal(torch.tensor([7]), 2, seed=3)[0], noise[7])
    assert noise.mean(0).abs().max() < 0.03
    assert (noise.std(0) - 1).abs().max() < 0.03


@pytest.mark.parametrize(
    "values",
    [
        {"members": 2},
        {"victim": {"estimator": "mc-dropout"}},
        {"recipe": {"validation_share": 0.1}},
        {"recipe": {"patience": 1}},
        {"network": {"name": "vae", "arguments": {"dropout": 0.5}}},
    ],
)
def test_what_an_autoencoder_does_not_take(values, tmp_path):
    with pytest.raises(SpecError):
        train_autoencoder(training(**values), tmp_path, progress=False)
    assert not (tmp_path / "x").exists()


def test_names(trained):
    with pytest.raises(SpecError, match="a classifier"):
        read_autoencoder(trained, "plain")
    with pytest.raises(SpecError, match="expected a classifier, got the autoencoder 'vae'"):
        read_victim(trained, "vae")
    with pytest.raises(SpecError, match="name"):
        train_autoencoder(training(name="vae"), trained, progress=False)
    wrong = load("digits", resize=10)
    with pytest.raises(NetworkError, match="1x8x8"):
        load_autoencoder(read_autoencoder(trained, "vae"), wrong, device="cpu")


def test_files(result):
    files = {str(path.relative_to(result.folder)) for path in result.folder.rglob("*.*") if path.is_file()}
    figures = {f"figures/{name}.png" for name in ("plane", "maps", "confident", "rubbish", "map_mutual_information")}
    assert files >= {"report.html", "summary.json", "plane.npz", "maps-0.npz", "maps-1.npz"} | figures
    page = (result.folder / "report.html").read_text()
    assert page.count('data-figure="map-') == 2


def test_maps_are_of_the_decoded_grid(result, trained):
    plane, maps = arrays(result.folder, "plane.npz"), arrays(result.folder, "maps-1.npz")
    assert set(maps) >= {"predictive_entropy", "mutual_information", "softmax_variance", "prediction"}
    assert "mutual_information" not in arrays(result.folder, "maps-0.npz")
    far = np.linalg.norm(np.stack(np.meshgrid(plane["axis"], plane["axis"]), -1)[:, :, None] - plane["encoded"], axis=3)
    np.testing.assert_allclose(plane["distance"], far.min(2), rtol=1e-5)
    assert (maps["mutual_information"] <= maps["predictive_entropy"] + 1e-12).all()
    assert len(maps["predictive_entropy"]) == 81


def test_shares_and_rubbish(result):
    plane = arrays(result.folder, "plane.npz")
    is_far = plane["distance"].ravel() > result.summary["far_beyond"]
    assert result.summary["far_share"] == pytest.approx(is_far.mean())
    for index, victim in enumerate(result.summary["victims"]):
        maps, images = arrays(result.folder, f"maps-{index}.npz"), arrays(result.folder, f"images-{index}.npz")
        limit = np.quantile(images["predictive_entropy"], 0.95)
        assert victim["limits"]["predictive_entropy"] == pytest.approx(limit)
        share = (maps["predictive_entropy"] <= limit)[is_far].mean()
        assert victim["far_confident"]["predictive_entropy"] == pytest.approx(share)
        assert victim["far_confident"]["both"] <= share + 1e-12
        assert len(victim["rubbish"]) <= 3
        for piece in victim["rubbish"]:
            assert piece["distance"] > result.summary["far_beyond"]
            assert piece["entropy"] <= limit
    assert result.summary["victims"][0]["far_confident"].keys() < result.summary["victims"][1]["far_confident"].keys()


def test_a_complete_run_is_read(result, trained):
    again = latent(spec_of(trained, shown=3), result.folder.parent, progress=False)
    assert again == result


@pytest.mark.parametrize("values", [{"side": 1}, {"far": 2}, {"flagged": 0}, {"extent": -1}, {"victims": ()}])
def test_bad_values(trained, values):
    with pytest.raises(SpecError):
        LatentSpec.parse({**spec_of(trained).model_dump(), **values})


def test_a_victim_twice(trained):
    both = [read_victim(trained, "plain").model_dump()] * 2
    with pytest.raises(SpecError, match="each victim once"):
        LatentSpec.parse({**spec_of(trained).model_dump(), "victims": both})


def test_one_image_is_not_far_from_any(trained, tmp_path):
    with pytest.raises(SpecError, match="at least two images"):
        latent(spec_of(trained, data={"limit": 1}), tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


def test_thinned_keeps_the_ends():
    assert thinned(3, 10).tolist() == [0, 1, 2]
    assert thinned(1000, 3).tolist() == [0, 500, 999]
