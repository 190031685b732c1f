"""What estimators around a trained network are fitted to: what is said, what the card says, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from feint import data
from feint.errors import DataError, SpecError, StoreError
from feint.estimators import KNN, Softmax, predict
from feint.runs.folder import files
from feint.runs.grammar import parsed
from feint.runs.machine import Machine
from feint.victims.loading.fitting import load_fitting
from feint.victims.settings import EstimatorWord, VictimSettings
from feint.victims.victim import completed_estimator, load_victim, resolved

NETWORKS = """
import torch
from torch import nn


def small(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))


def other():
    return small(1)
"""


def save(place, count, seed, size=4, classes=3):
    images = np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)
    np.savez(place, images=images, labels=np.arange(count) % classes)


@pytest.fixture
def folder(tmp_path):
    """A network, images to fit to and to judge, and a card of one that was trained."""
    (tmp_path / "networks.py").write_text(NETWORKS)
    for name, count, seed in (("train", 40, 0), ("more", 50, 1), ("test", 6, 2)):
        save(tmp_path / f"{name}.npz", count, seed)
    save(tmp_path / "large.npz", 40, 3, size=5)
    save(tmp_path / "two.npz", 40, 4, classes=2)
    for name, estimator in (("plain", {"name": "softmax"}), ("near", {"name": "knn", "k": 4, "fit": "more.npz"})):
        (tmp_path / name).mkdir()
        if "fit" in estimator:
            estimator = {**estimator, "fit": {"source": str(tmp_path / "more.npz"), "split": "train"}}
        card = {
            "name": name,
            "network": {"name": "../networks.py:small"},
            "members": ["member-0.safetensors"],
            "victim": {"estimator": estimator, "average": "probability"},
            "classes": ["0", "1", "2"],
            "shape": [1, 4, 4],
            "trained_on": {"source": str(tmp_path / "train.npz"), "split": "train", "images": 40},
        }
        files.write_bytes(tmp_path / name / "card.json", files.canonical(card).encode())
    return tmp_path


@pytest.fixture
def read(folder):
    machine = Machine("cpu", 1, victims=folder, allow_code=True)
    return lambda value: resolved(VictimSettings.model_validate(value), machine)


@pytest.fixture
def victim(folder, read):
    def call(estimator, network="small", test="test.npz"):
        settings = read({"networks": f"{folder / 'networks.py'}:{network}", "estimator": estimator})
        return load_victim(settings, data.load(folder / test), Machine("cpu", 1), seed=0)

    return call


def native(victim):
    images = torch.rand(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    return predict(victim.estimator(), images, torch.arange(4), batch_size=2).native


def test_the_images_are_the_words_own_setting(folder, victim):
    word = EstimatorWord.of(f"knn:k=4,fit={folder / 'train.npz'},fit.limit=30")
    assert (word.settings, word.fit.source, word.fit.limit) == ({"k": "4"}, str(folder / "train.npz"), 30)
    assert word.fit.split == "train"
    assert EstimatorWord.of(f"knn:fit={folder},fit.split=extra").fit.split == "extra"
    assert EstimatorWord.of(parsed(str(word))) == word
    assert EstimatorWord.of(word.plain()) == word
    found = victim(str(word))
    score = KNN(found.members[0], k=4)
    score.fit(data.load(folder / "train.npz").sample(30))
    assert torch.equal(score(torch.rand(2, 1, 4, 4)).native >= 0, torch.tensor([True, True]))
    images = torch.rand(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(native(found), predict(score, images, batch_size=2).native)


def test_a_trained_victim_is_fitted_to_what_its_card_says(folder, read):
    assert read("plain").estimator == completed_estimator(EstimatorWord(name="softmax"))
    found = read("plain:estimator=mahalanobis").estimator
    assert (found.name, found.fit.source, found.fit.split) == ("mahalanobis", str(folder / "train.npz"), "train")
    assert read("plain:estimator=knn,estimator.fit.limit=20").estimator.fit == found.fit.but(limit=20)
    assert read(f"plain:estimator=knn,estimator.fit={folder / 'more.npz'}").estimator.fit.source.endswith("more.npz")
    known = read("near").estimator
    assert (known.settings["k"], known.fit.source) == (4, str(folder / "more.npz"))
    again = read("near:estimator.k=7,estimator.fit.limit=20").estimator
    assert (again.settings["k"], again.fit) == (7, known.fit.but(limit=20))


def test_the_embedded_network_is_fitted_to_its_digits(read):
    assert (read({"estimator": "knn"}).estimator.fit.source, read({"estimator": "energy"}).estimator.fit) == (
        "digits",
        None,
    )


def test_what_is_resolved_is_resolved_again_to_the_same(read):
    for value in ("plain:estimator=knn", "near", {"estimator": "mahalanobis:fit.limit=100"}):
        found = read(value)
        assert resolved(VictimSettings.parse(found.plain()), Machine("cpu", 1)) == found


def test_the_embedded_victim_says_what_measures_it_has_before_it_is_trained(read):
    digits = data.load("digits").take(0, 4)
    settings = read({"estimator": "mahalanobis:fit.limit=300"})
    victim = load_victim(settings, digits, Machine("cpu", 1), seed=0)
    assert victim.measures[-1] == "native"
    assert victim.identity()["networks"] == victim.made_from
    assert victim.identity()["fitted to"] == data.load("digits", split="train").fingerprint()


def test_identity_knows_the_network_and_the_images(folder, victim):
    fit = f"mahalanobis:fit={folder / 'train.npz'}"
    before = victim(fit).identity()
    assert victim(fit).identity() == before
    assert victim(fit, network="other").identity() != before
    assert victim("softmax").identity() == before["networks"]
    save(folder / "train.npz", 40, 9)
    assert victim(fit).identity() != before
    assert victim(fit).identity()["networks"] == before["networks"]


def test_several_scores_share_one_network(folder, victim):
    one, machine = victim("softmax"), Machine("cpu", 1)
    test = data.load(folder / "test.npz")
    for text in (
        "energy",
        "max-logit",
        f"mahalanobis:fit={folder / 'train.npz'}",
        f"knn:k=3,fit={folder / 'more.npz'}",
    ):
        word = completed_estimator(EstimatorWord.of(text))
        other = one.under(word, load_fitting(word, test, machine))
        assert other.members[0] is one.members[0]
        assert torch.equal(native(other), native(victim(text)))
        assert "native" in other.measures
    assert isinstance(one.estimator(), Softmax)
    assert native(other.under(completed_estimator(EstimatorWord(name="softmax")))) is None


def test_members_of_an_ensemble_are_fitted_each_for_itself(folder, read):
    words = [f"{folder / 'networks.py'}:{name}" for name in ("small", "other")]
    settings = read({"networks": words, "estimator": f"knn:k=2,fit={folder / 'train.npz'}"})
    found = load_victim(settings, data.load(folder / "test.npz"), Machine("cpu", 1), seed=0)
    known = [member.known for member in found.estimator().members]
    assert not torch.equal(*known)
    assert "native" not in found.measures  # as of every ensemble


def test_images_that_were_handed_in(folder):
    train, test = data.load(folder / "train.npz"), data.load(folder / "test.npz")
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    machine = Machine("cpu", 1, given={"given:network": network, "given:fit": train})
    settings = {"networks": "given:network", "estimator": {"name": "knn", "k": 2, "fit": "given:fit"}}
    victim = load_victim(resolved(VictimSettings.parse(settings), machine), test, machine, seed=0)
    assert victim.fitting.fingerprint() == train.fingerprint()
    assert (
        victim.identity()["networks"]
        == load_victim(VictimSettings(networks="given:network"), test, machine, seed=0).identity()
    )


def test_the_same_victim_behind_several_scores_has_several_names():
    def names(*victims):
        from feint.experiments.detection import DetectSettings

        return [victim.title for victim in DetectSettings(victims=victims).victims]

    assert names("one", "one:estimator=energy", "one:estimator=knn,estimator.k=3", "two:estimator=energy") == [
        "one",
        "one, energy",
        "one, knn:k=3",
        "two",
    ]
    with pytest.raises(SpecError, match=r"each victim once, got one, energy, one, energy"):
        names("one:estimator=energy", "one:estimator=energy")


def test_what_does_not_fit(folder, victim, read):
    with pytest.raises(SpecError, match=r"knn.fit: expected the images that it is fitted to, as in knn:fit=.*got none"):
        victim("knn")
    with pytest.raises(SpecError, match=r"knn.fit: expected the images"):
        victim("knn:fit.limit=20")
    with pytest.raises(SpecError, match=r"energy.fit: expected none, for nothing in it is fitted, got digits"):
        victim("energy:fit=digits")
    with pytest.raises(SpecError, match=r"knn.fit: expected images of 1x4x4, as .*, got 1x5x5"):
        victim(f"knn:fit={folder / 'large.npz'}")
    with pytest.raises(
        SpecError, match=r"knn.fit: expected other images than those that are judged, got some of .*test"
    ):
        victim(f"knn:k=2,fit={folder / 'test.npz'},fit.limit=4")
    with pytest.raises(DataError, match=r"fit: expected at least k=50 images, got 40"):
        _ = victim(f"knn:fit={folder / 'train.npz'}").example
    with pytest.raises(DataError, match=r"fit: expected images of all 3 classes, got none of 2"):
        _ = victim(f"mahalanobis:fit={folder / 'two.npz'}").example
    with pytest.raises(SpecError, match=r"outputs: expected an estimator of networks that return logits, got energy"):
        read({"networks": "m.py:f", "estimator": "energy", "outputs": "probabilities"})


def test_a_card_that_says_something_else_of_its_data(folder, read):
    place = folder / "plain" / "card.json"
    place.write_text(place.read_text().replace('"split":"train"', '"part":"train"'))
    with pytest.raises(StoreError, match=r"card.json is no card of a victim: trained_on: ") as refusal:
        read("plain:estimator=knn")
    assert "\n" not in str(refusal.value)
