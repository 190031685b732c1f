"""Autoencoders beside victims: cards, loading, noise, and what they do not take."""

import json

import pytest
import torch

from feint.data import load
from feint.errors import NetworkError, SpecError, StoreError
from feint.experiments.training import TRAINING, TrainingSettings
from feint.runs.machine import Machine
from feint.runs.runners import local
from feint.victims.cards import read_victim
from feint.victims.loading.autoencoder import load_autoencoder, new_autoencoder, resolved_autoencoder, standard_normal
from feint.victims.settings import AutoencoderSettings, NetworkWord


def training(**values):
    common = {"name": "x", "network": "vae", "data": {"first": 20}, "test": {"first": 20}, "threads": 1}
    return TrainingSettings.parse({**common, "recipe": {"epochs": 1}, **values})


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An autoencoder, "vae", and a classifier, "plain"."""
    root = tmp_path_factory.mktemp("victims")
    for values in ({"name": "vae"}, {"name": "plain", "network": "digits"}):
        local.run(TRAINING, training(**values), root / "runs", victims=root, progress=False)
    return root


def machine(root):
    return Machine("cpu", 1, victims=root)


def resolved(root, name="vae"):
    return resolved_autoencoder(AutoencoderSettings(name=name), machine(root))


def test_card(root):
    card = json.loads((root / "vae" / "card.json").read_text())
    assert card["kind"] == "autoencoder"
    assert "accuracy" not in card
    assert card["elbo"] == pytest.approx(card["log_likelihood"] - card["kl"])
    assert card["network"] == {"name": "vae", "channels": 1, "height": 8, "width": 8}
    batch = load("digits").take(0, 20).only(range(20))
    autoencoder = load_autoencoder(resolved(root), load("digits"), machine(root))
    with torch.no_grad():
        bound = autoencoder.elbo(batch.inputs, standard_normal(batch.samples, 2, seed=0)).mean()
    assert card["elbo"] == pytest.approx(float(bound), abs=1e-3)


def test_settings_as_text_and_as_stored(root):
    settings = resolved(root)
    assert AutoencoderSettings.model_validate("vae") == AutoencoderSettings(name="vae")
    assert AutoencoderSettings.parse(settings.plain()) == settings
    assert settings.network is not None
    assert settings.network.weights == str(root / "vae" / "member-0.safetensors")


def test_noise_is_keyed_and_normal():
    noise = standard_normal(torch.arange(20_000), 2, seed=3)
    assert torch.equal(standard_normal(torch.tensor([7]), 2, seed=3)[0], noise[7])
    assert noise.mean(0).abs().max() < 0.03
    assert (noise.std(0) - 1).abs().max() < 0.03


def test_names(root):
    with pytest.raises(SpecError, match="a classifier"):
        resolved(root, "plain")
    with pytest.raises(SpecError, match="expected a classifier, got the autoencoder 'vae'"):
        read_victim(root, "vae")
    with pytest.raises(SpecError, match="got 'vea'; there are plain, vae"):
        resolved(root, "vea")
    with pytest.raises(NetworkError, match="expected one of vae, got 'lenet'"):
        new_autoencoder(NetworkWord(name="lenet"))


def test_images_of_another_size(root):
    with pytest.raises(NetworkError, match="1x8x8"):
        load_autoencoder(resolved(root), load("digits", resize=10), machine(root))


def test_a_card_without_members(root, tmp_path):
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "card.json").write_text('{"kind": "autoencoder", "network": "vae", "members": []}')
    with pytest.raises(StoreError, match="no card of an autoencoder"):
        resolved(tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"members": 2},
        {"estimator": "mc-dropout"},
        {"recipe": {"validation_share": 0.1}},
        {"network": "vae:dropout=0.5"},
    ],
)
def test_what_an_autoencoder_does_not_take(values, tmp_path):
    with pytest.raises(SpecError):
        local.run(TRAINING, training(**values), tmp_path / "runs", victims=tmp_path, progress=False)
    assert not (tmp_path / "x").exists()
