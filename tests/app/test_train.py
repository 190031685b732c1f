"""`feint train` through the command line, and audits of what it made."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from feint import training
from feint.data import load


@pytest.fixture
def digits(save_images, tmp_path: Path) -> Path:
    """Few images that can be learnt: three classes of bars."""
    labels = np.arange(60) % 3
    images = np.random.default_rng(0).integers(0, 60, (60, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 2] += 150
    save_images("test.npz", images=images[:30], labels=labels[:30])
    return save_images("train.npz", images=images[30:], labels=labels[30:])


@pytest.fixture
def train(feint, digits: Path, networks: Path) -> Callable[..., object]:
    """Train a network of a user's file for two epochs."""
    recipe = ["--epochs", 2, "--training-batch", 9, "--learning-rate", 0.01, "--threads", 1, "--quiet"]
    data = ["--data", digits, "--test-data", digits.with_name("test.npz")]
    return lambda name, *more, network=f"{networks}:build": feint(
        "train", name, "--network", network, *data, *recipe, *more
    )


def card(outcome) -> dict:
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return json.loads(outcome.out)


def refusal(outcome) -> str:
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert outcome.err.startswith("feint: ")
    return outcome.err


def weights(root: Path, name: str) -> dict[str, torch.Tensor]:
    return load_file(root / "feint-victims" / name / "member-0.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_victim_and_its_card(train, feint, tmp_path: Path, networks: Path):
    made = card(train("bars", "--json"))
    folder = tmp_path / "feint-victims" / "bars"
    assert json.loads((folder / "card.json").read_text()) == made
    assert {path.name for path in folder.iterdir()} == {"card.json", "member-0.safetensors"}
    assert [path.name for path in folder.parent.iterdir()] == ["bars"]
    import feint as library

    network = library.networks.load(f"{networks}:build", folder / "member-0.safetensors")
    batch = next(load(tmp_path / "test.npz").batches(30))
    with torch.no_grad():
        right = (network(batch.inputs).argmax(1) == batch.targets).double().mean()
    assert made["accuracy"] == pytest.approx(float(right))
    assert made["accuracy"] > 0.5
    assert made["recipe"]["epochs"] == 2

    outcome = feint("audit", "--victim", "bars", "--data", tmp_path / "test.npz", "--quiet", "--json", "--threads", 1)
    summary = json.loads(outcome.out)
    assert outcome.code == 0
    assert summary["clean"]["accuracy"] == pytest.approx(made["accuracy"])
    assert "bars" in (Path(summary["run"]["folder"]) / "report.html").read_text()


def test_names(train, tmp_path: Path):
    assert "accuracy" in train("bars").out
    first = weights(tmp_path, "bars")
    assert "--fresh" in refusal(train("bars"))
    assert train("bars", "--fresh", "--seed", 1).code == 0
    assert not same(weights(tmp_path, "bars"), first)
    for name in ("../bars", ".bars", "", "a/b", "b c"):
        refusal(train(name))
    assert "nobody" in refusal(train("x", network="nobody.py:build"))


def test_interrupted_then_resumed(train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert train("whole").code == 0
    fit = training.fit

    def stopped(network: torch.nn.Module, *arguments: object, **rest: object) -> object:
        """The first epoch, and then Ctrl-C."""
        steps: list[int] = []

        def count(*_: object) -> None:
            steps.append(1)
            if len(steps) > 5:  # an epoch is three steps of 9 images and one look at the 3 held out
                raise KeyboardInterrupt

        handle = network.register_forward_pre_hook(count)
        try:
            return fit(network, *arguments, **rest)
        finally:
            handle.remove()

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", stopped)
        outcome = train("halves")
    assert (outcome.code, outcome.out) == (130, "")
    assert not (tmp_path / "feint-victims" / "halves").exists()
    work = tmp_path / "feint-victims" / ".halves.training"
    assert (work / "member-0.checkpoint").is_file()
    assert "halves" in refusal(train("halves", "--seed", 5))
    assert train("halves").code == 0
    assert same(weights(tmp_path, "halves"), weights(tmp_path, "whole"))
    assert not work.exists()


def test_ensembles_of_dropout_networks(train, feint, tmp_path: Path, networks: Path):
    made = card(
        train(
            "pair", "--members", 2, "--estimator", "mc-dropout", "--draws", 3, "--json", network=f"{networks}:dropout"
        )
    )
    assert len(made["members"]) == 2
    assert made["victim"]["estimator"] == "mc-dropout"
    files = [load_file(tmp_path / "feint-victims" / "pair" / name) for name in made["members"]]
    assert not same(*files)


def test_built_in_architectures(train, feint, tmp_path: Path):
    made = card(train("small", "--json", network="digits"))
    assert made["network"]["arguments"] == {"classes": 3}
    assert "dropout" in refusal(train("other", "--dropout", 0.5, network="digits"))


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--epochs", 0], "epochs"),
        (["--learning-rate", "nan"], "learning_rate"),
        (["--share", 2], "share"),
        (["--members", 0], "members"),
        (["--validation-share", 1], "validation_share"),
        (["--test-data", "absent.npz"], "absent.npz"),
        (["--threads", 0], "threads"),
        (["--victims", "file/below"], "cannot write"),
    ],
)
def test_bad_options(train, tmp_path: Path, option, says):
    (tmp_path / "file").write_text("")
    assert says in refusal(train("bars", *option))


def test_tested_on_what_it_was_trained_on(train, digits: Path):
    assert "test" in refusal(train("bars", "--test-data", digits, "--test-split", "train"))


@pytest.mark.parametrize("network", ["digits", "vae"])
def test_images_without_splits_are_no_test_images_of_their_own(feint, digits: Path, tmp_path: Path, network):
    copy = digits.with_name("copy.npz")
    copy.write_bytes(digits.read_bytes())
    start = ["train", "bars", "--network", network, "--data", digits, "--epochs", 1, "--quiet"]
    for more in ([], ["--limit", 10], ["--test-data", copy]):
        assert "--test-data" in refusal(feint(*start, *more))
    assert not list((tmp_path / "feint-victims").glob("**/*"))


def test_a_card_that_cannot_be_read(train, feint, tmp_path: Path, images: Path):
    assert train("bars").code == 0
    place = tmp_path / "feint-victims" / "bars"
    audit = ["audit", "--victim", "bars", "--data", images, "--quiet"]
    whole = (place / "card.json").read_text()
    for content in ("{", "[]", '{"name": "bars"}', whole.replace("member-0", "../member-0")):
        (place / "card.json").write_text(content)
        assert "bars" in refusal(feint(*audit))
    (place / "card.json").write_text(whole)
    (place / "member-0.safetensors").write_bytes(b"cut")
    assert "member-0" in refusal(feint(*audit))


REFUSED = {
    "spread": (["spread", "--victim", "bars"], "draw"),
    "spread, draws": (["spread", "--victim", "bars", "--draws", 5], "draws: expected a victim that draws, got softmax"),
    "detect, twice": (["detect", "--victim", "bars", "--victim", "bars"], "each victim once, got bars, bars\n"),
    "per-class, ace": (["per-class", "--victim", "bars", "--attacks", "ace"], "attacks.attack.kind: expected 'fgsm'"),
    "per-class, twice": (
        ["per-class", "--victim", "bars", "--attacks", "bim,bim"],
        "attacks: expected each attack once, got bim, bim\n",
    ),
    "per-class": (["per-class", "--victim", "bars"], "dropout acts"),
    "detect": (["detect", "--victim", "bars", "--compare", "--steps", 3], "dropout acts"),
    "detect, a measure": (["detect", "--victim", "bars", "--evade", "mutual_information"], "mutual_information"),
    "attack": (["attack", "fgsm", "--radii", 0.1, "--victim", "bars", "--estimator", "mc-dropout"], "dropout acts"),
    "attack, a measure": (
        ["attack", "fgsm", "--radii", 0.1, "--victim", "bars", "--evade", "mutual_information"],
        "mutual_information",
    ),
}


def test_a_victim_without_draws_is_refused_before_there_is_a_folder(train, feint, tmp_path: Path):
    train("bars")
    for name, (command, word) in REFUSED.items():
        outcome = feint(*command, "--data", tmp_path / "test.npz", "--quiet", "--threads", 1)
        assert word in refusal(outcome), name
        assert not (tmp_path / "feint-runs").exists(), name


def test_an_autoencoder_is_no_victim(train, feint, tmp_path: Path):
    train("bars")
    train("vae", network="vae")
    (tmp_path / "feint-victims" / "broken").mkdir()
    (tmp_path / "feint-victims" / "broken" / "card.json").write_text("{")
    command = ["attack", "fgsm", "--radii", 0.1, "--data", tmp_path / "test.npz", "--victim"]
    assert "expected a classifier, got the autoencoder 'vae'" in refusal(feint(*command, "vae"))
    assert refusal(feint(*command, "wrong")).endswith("there are bars, broken\n")
