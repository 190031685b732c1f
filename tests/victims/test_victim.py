"""Victims ready to predict: their classes, draws, measures and identity, and what they refuse."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from feint import data
from feint.errors import DataError, NetworkError, NotApplicable, SpecError
from feint.estimators import predict
from feint.runs.machine import Machine
from feint.victims.settings import VictimSettings
from feint.victims.victim import load_victim, resolved

NETWORKS = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, seed, classes=3, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(16, classes))

    def forward(self, images):
        return 2 * self.layers(images)


def a():
    return Small(0)


def b():
    return Small(1)


def drop():
    return Small(0, dropout=0.5)


def five():
    return Small(0, classes=5)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "networks.py").write_text(NETWORKS)
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.arange(6) % 3)
    return tmp_path


@pytest.fixture
def victim(folder):
    machine = Machine("cpu", 1)

    def call(*names, seed=0, **values):
        words = [f"{folder / 'networks.py'}:{name}" for name in names]
        settings = resolved(VictimSettings.parse({"networks": words, **values}), machine)
        return load_victim(settings, data.load(folder / "images.npz"), machine, seed=seed)

    return call


def log_probs(victim, redraw=0):
    images = torch.rand(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    return predict(victim.estimator(redraw), images, torch.arange(4), batch_size=2).log_probs


def test_one_network_several_and_draws(victim):
    one, two = victim("a"), victim("a", "b")
    assert (log_probs(one).shape[0], log_probs(two).shape[0]) == (1, 2)
    assert (one.stochastic, two.stochastic) == (False, False)
    assert log_probs(victim("a", "b", average="logit")).shape[0] == 1
    drawn = victim("drop", "drop", estimator="mc-dropout:draws=4")
    assert log_probs(drawn).shape[0] == 8
    assert not torch.equal(log_probs(drawn)[:4], log_probs(drawn)[4:])  # each member has masks of its own
    assert drawn.stochastic


def test_fresh_draws_are_those_of_another_seed(victim):
    values = {"estimator": "mc-dropout:draws=4"}
    one = victim("drop", seed=3, **values)
    assert torch.equal(log_probs(one), log_probs(victim("drop", seed=3, **values)))
    assert torch.equal(log_probs(one, 2), log_probs(victim("drop", seed=5, **values)))
    assert not torch.equal(log_probs(one, 2), log_probs(one))
    assert log_probs(one.but(draws=6)).shape[0] == 6
    # The same masks; a batch of another size may round otherwise.
    torch.testing.assert_close(log_probs(one.but(draws=6))[:4], log_probs(one), rtol=0, atol=1e-5)


def test_measures_are_those_of_its_kind(victim):
    assert "mutual_information" not in victim("a").measures
    assert "mutual_information" in victim("a", "b").measures
    assert victim("a").default_measure == "max_probability"
    drawn = victim("drop", estimator="mc-dropout")
    assert drawn.default_measure == "predictive_entropy"
    drawn.check_measure("variation_ratio")
    with pytest.raises(NotApplicable, match="draws"):
        victim("a").check_measure("variation_ratio")


def test_labels_beyond_its_classes(victim, folder):
    batch = next(iter(data.load(folder / "images.npz").batches(6)))
    victim("a").check_labels(batch)
    strange = batch._replace(targets=torch.tensor([0, 1, 2, 3, 1, -1]))
    with pytest.raises(DataError, match=r"labels: expected 0 to 2, .* got 3 for sample 3"):
        victim("a").check_labels(strange)
    with pytest.raises(DataError, match="got -1 for sample 5"):
        victim("a").check_labels(batch._replace(targets=torch.tensor([0, 1, 2, 0, 1, -1])))


def test_classes_beyond_the_datas_are_numbers(victim):
    assert victim("a").classes == ("0", "1", "2")
    assert victim("five").classes == ("0", "1", "2", "3", "4")


def test_identity_knows_weights_code_and_order(victim, folder):
    ids = [victim(*names).identity() for names in (["a"], ["b"], ["a", "b"], ["b", "a"], ["drop"])]
    assert victim("a").identity() == ids[0]
    assert len(set(ids[:4])) == 4
    text = (folder / "networks.py").read_text()
    (folder / "networks.py").write_text(text.replace("2 * self.layers", "3 * self.layers"))
    assert victim("a").identity() != ids[0]
    (folder / "networks.py").write_text(text)
    state = {name: value.clone() for name, value in victim("a").members[0].state_dict().items()}
    save_file(state, folder / "a.safetensors")
    assert victim(f"a:weights={folder / 'a.safetensors'}").identity() == ids[0]
    state["layers.2.bias"][1] += 1e-6
    save_file(state, folder / "a.safetensors")
    assert victim(f"a:weights={folder / 'a.safetensors'}").identity() != ids[0]


def test_what_does_not_fit(victim, folder):
    with pytest.raises(NetworkError, match="expected 3 classes, as the others have; got 5"):
        victim("a", "five")
    with pytest.raises(NetworkError, match="expects a network in which dropout acts"):
        _ = victim("a", estimator="mc-dropout").measures
    with pytest.raises(SpecError, match="network: expected one for"):
        victim()
    with pytest.raises(SpecError, match="average: expected several networks, got 1"):
        victim("a", average="logit")
    with pytest.raises(SpecError, match=r"did you mean 'draws'?"):
        victim("drop", estimator="mc-dropout:drws=3")


def test_objects_are_found_by_their_names(folder):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3))
    machine = Machine("cpu", 1, given={"given:mine": network})
    settings = resolved(VictimSettings.parse({"networks": [{"name": "given:mine"}], "name": "mine"}), machine)
    found = load_victim(settings, data.load(folder / "images.npz"), machine, seed=0)
    assert found.members[0] is network
    assert found.name == "mine"
