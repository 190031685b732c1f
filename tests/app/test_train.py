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

pytestmark = pytest.mark.usefixtures("undrawn")


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


def summary_of(outcome) -> dict:
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return json.loads(outcome.out)


def card(root: Path, name: str) -> dict:
    return json.loads((root / "feint-victims" / name / "card.json").read_text())


def refusal(outcome) -> str:
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert outcome.err.startswith("feint: ")
    return outcome.err


def weights(root: Path, name: str) -> dict[str, torch.Tensor]:
    return load_file(root / "feint-victims" / name / "member-0.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_victim_and_its_card(train, feint, tmp_path: Path, networks: Path):
    summary = summary_of(train("bars", "--json"))
    folder = tmp_path / "feint-victims" / "bars"
    made = card(tmp_path, "bars")
    assert made["run"] == summary["run"]["id"]
    assert made["accuracy"] == summary["accuracy"]
    assert {path.name for path in folder.iterdir() if path.name != ".lock"} == {"card.json", "member-0.safetensors"}
    assert [path.name for path in folder.parent.iterdir() if path.name[0] != "."] == ["bars"]
    import feint as library

    network = library.networks.load(f"{networks}:build", folder / "member-0.safetensors")
    batch = next(load(tmp_path / "test.npz").batches(30))
    with torch.no_grad():
        right = (network(batch.inputs).argmax(1) == batch.targets).double().mean()
    assert made["accuracy"] == pytest.approx(float(right))
    assert made["accuracy"] > 0.5
    assert made["recipe"]["epochs"] == 2

    common = ["--data", tmp_path / "test.npz", "--quiet", "--json", "--threads", 1]
    outcome = feint("audit", "--victim", "bars", "--allow-code", *common)
    summary = json.loads(outcome.out)
    assert outcome.code == 0
    assert summary["clean"]["accuracy"] == pytest.approx(made["accuracy"])
    assert "bars" in (Path(summary["run"]["folder"]) / "report.html").read_text()


def test_a_victim_with_a_score_is_fitted_to_what_it_was_trained_on(train, feint, tmp_path: Path, digits: Path):
    estimator = "knn:k=3"
    assert train("bars", "--estimator", estimator).code == 0
    told = card(tmp_path, "bars")["victim"]["estimator"]
    assert (told["name"], told["k"], told["fit"]["source"]) == ("knn", 3, str(digits))
    common = ["--data", tmp_path / "test.npz", "--quiet", "--json", "--threads", 1, "--allow-code", "--radii", 0.1]
    for victim in ("bars", "bars:estimator=energy", "bars:estimator=mahalanobis"):
        outcome = feint("audit", "--victim", victim, "--measure", "native", *common)
        assert outcome.code == 0, outcome
        (attacked,) = json.loads(outcome.out)["attacked"]
        assert attacked["kendall_tau"] < 0.9, victim
        assert attacked["directionless"] == 0, victim
    limited = feint("audit", "--victim", "bars:estimator.fit.limit=2", *common)
    assert "fit: expected at least k=3 images, got 2" in refusal(limited)
    train_data = ["--data", digits, *common[2:]]
    assert "knn.fit: expected other images than those that are judged" in refusal(
        feint("audit", "--victim", "bars", *train_data)
    )


def test_names(train, tmp_path: Path):
    assert "accuracy" in train("bars").out
    first = weights(tmp_path, "bars")
    assert train("bars").code == 0  # the same again is read
    assert same(weights(tmp_path, "bars"), first)
    assert "--fresh" in refusal(train("bars", "--seed", 1))
    assert same(weights(tmp_path, "bars"), first)
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
    assert [path.name for path in tmp_path.glob("feint-victims/halves/*")] in ([], [".lock"])
    (work,) = tmp_path.glob("feint-runs/train-*/.scratch/members/00")
    assert (work / "checkpoint").is_file()
    steps: list[int] = []

    def counted(network: torch.nn.Module, *arguments: object, **rest: object) -> object:
        network.register_forward_pre_hook(lambda *_: steps.append(1))
        return fit(network, *arguments, **rest)

    monkeypatch.setattr(training, "fit", counted)
    assert train("halves").code == 0
    assert len(steps) <= 5  # the second epoch alone
    assert same(weights(tmp_path, "halves"), weights(tmp_path, "whole"))
    assert not work.exists()


def test_unfinished_on_other_images_is_not_left_behind_without_a_word(
    train, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object, checkpoint: Path, **__: object) -> object:
        checkpoint.write_bytes(b"an epoch")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", killed)
        assert train("bars").code == 130
    (begun,) = tmp_path.glob("feint-runs/train-*")
    with np.load(digits) as whole:
        images, labels = whole["images"], whole["labels"]
    np.savez(digits, images=images, labels=(labels + 1) % 3)
    told = refusal(train("bars"))
    assert f"{begun.name} is unfinished, and was begun on other images by this command" in told
    assert "--fresh" in told
    assert list(tmp_path.glob("feint-runs/train-*")) == [begun]
    assert train("others").code == 0
    assert train("bars", "--fresh").code == 0
    assert train("bars").code == 0  # complete: read
    assert (begun / ".scratch/members/00/checkpoint").is_file()


def test_ensembles_of_dropout_networks(train, feint, tmp_path: Path, networks: Path):
    told = ["--members", 2, "--estimator", "mc-dropout:draws=3", "--json"]
    summary = summary_of(train("pair", *told, network=f"{networks}:dropout"))
    assert [each["epochs"] for each in summary["members"]] == [2, 2]
    made = card(tmp_path, "pair")
    assert len(made["members"]) == 2
    mc_dropout = {"name": "mc-dropout", "draws": 3, "masks": "shared", "outputs": "logits"}
    assert made["victim"]["estimator"] == mc_dropout
    files = [load_file(tmp_path / "feint-victims" / "pair" / name) for name in made["members"]]
    assert not same(*files)


def test_built_in_architectures(train, feint, tmp_path: Path):
    assert train("small", network="digits").code == 0
    assert card(tmp_path, "small")["network"] == {"name": "digits", "classes": 3}
    assert "'dropout'" in refusal(train("other", network="digits:dropout=0.5"))
    assert "did you mean 'classes'" in refusal(train("other", network="digits:clases=3"))
    assert "without weights" in refusal(train("other", network="digits:weights=a.pt"))


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--epochs", 0], "epochs"),
        (["--learning-rate", "nan"], "learning-rate"),
        (["--share", 2], "share"),
        (["--members", 0], "members"),
        (["--validation-share", 1], "validation-share"),
        (["--test-data", "absent.npz"], "absent.npz"),
        (["--threads", 0], "threads"),
        (["--victims", "file/below"], "cannot write"),
        (["--adversarial", "bim"], "adversarial: expected fgsm or pgd, got bim"),
        (["--epoch", 1], "did you mean '--epochs'"),
        (["--optimizer", "adamm"], "did you mean 'adam'"),
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
    for more in ([], ["--first", 10], ["--test-data", copy]):
        assert "--test-data" in refusal(feint(*start, *more))
    assert not list((tmp_path / "feint-victims").glob("**/*"))


def test_a_card_that_cannot_be_read(train, feint, tmp_path: Path, images: Path):
    assert train("bars").code == 0
    place = tmp_path / "feint-victims" / "bars"
    audit = ["audit", "--victim", "bars", "--allow-code", "--data", images, "--quiet"]
    whole = (place / "card.json").read_text()
    for content in ("{", "[]", '{"name": "bars"}', whole.replace("member-0", "../member-0")):
        (place / "card.json").write_text(content)
        assert "bars" in refusal(feint(*audit))
    (place / "card.json").write_text(whole)
    (place / "member-0.safetensors").write_bytes(b"cut")
    assert "member-0" in refusal(feint(*audit))


REFUSED = {
    "spread": (["spread", "--victim", "bars"], "draw"),
    "spread, draws": (["spread", "--victim", "bars", "--estimator", "softmax:draws=5"], "estimator.softmax"),
    "detect, twice": (["detect", "--victim", "bars", "--victim", "bars"], "each victim once, got bars, bars\n"),
    "per-class, ace": (["per-class", "--victim", "bars", "--attack", "ace"], "ace"),
    "per-class, twice": (
        ["per-class", "--victim", "bars", "--attack", "bim", "--attack", "bim"],
        "attacks: expected each attack once at a radius, or as=NAME, got bim, bim\n",
    ),
    "per-class": (["per-class", "--victim", "bars"], "dropout acts"),
    "detect": (["detect", "--victim", "bars", "--compare"], "dropout acts"),
    "detect, a measure": (
        ["detect", "--victim", "bars", "--attack", "bim:evade=mutual_information"],
        "mutual_information",
    ),
    "attack": (["attack", "fgsm", "--radii", 0.1, "--victim", "bars", "--estimator", "mc-dropout"], "dropout acts"),
    "attack, a measure": (
        ["attack", "fgsm:evade=mutual_information", "--radii", 0.1, "--victim", "bars"],
        "mutual_information",
    ),
    "audit, an average": (["audit", "--victim", "bars", "--average", "logit"], "average: expected several networks"),
}


def test_a_victim_without_draws_is_refused_before_there_is_a_folder(train, feint, tmp_path: Path):
    train("bars")
    for name, (command, word) in REFUSED.items():
        outcome = feint(*command, "--allow-code", "--data", tmp_path / "test.npz", "--quiet", "--threads", 1)
        assert word in refusal(outcome), name
        assert {path.name.split("-")[0] for path in (tmp_path / "feint-runs").iterdir()} == {"train"}, name


def test_adversarial_training(train, tmp_path: Path):
    assert train("hard", "--adversarial", "pgd:radii=0.1,steps=2").code == 0
    assert train("plain").code == 0
    told = card(tmp_path, "hard")["adversarial"]
    assert (told["name"], told["radii"], told["steps"]) == ("pgd", [0.1], 2)
    assert card(tmp_path, "plain")["adversarial"] is None
    assert not same(weights(tmp_path, "hard"), weights(tmp_path, "plain"))


NOTHING_TO_RANK = (
    "feint: warning: no clean image is misclassified: there is nothing to rank, "
    "and an attack that keeps labels cannot show in AURC\n"
)


def test_a_card_can_be_told_otherwise(train, feint, tmp_path: Path, networks: Path):
    assert train("cnn", "--estimator", "mc-dropout:draws=3", network=f"{networks}:dropout").code == 0
    common = ["--data", tmp_path / "test.npz", "--quiet", "--json", "--threads", 1, "--radii", 0.01, "--repeats", 1]

    def estimator(*told: object) -> dict:
        outcome = feint("audit", "--allow-code", *told, *common[: -2 if "softmax" in told else None])
        summary = json.loads(outcome.out)
        perfect = summary["clean"]["accuracy"] == 1
        assert (outcome.code, outcome.err) == (0, NOTHING_TO_RANK if perfect else ""), outcome
        folder = Path(summary["run"]["folder"])
        return json.loads((folder / "run.json").read_text())["settings"]["victim"]["estimator"]

    assert estimator("--victim", "cnn")["draws"] == 3
    assert estimator("--victim", "cnn:estimator.draws=4")["draws"] == 4
    assert estimator("--victim", "cnn", "--estimator", "softmax")["name"] == "softmax"


def test_an_autoencoder_is_no_victim(train, feint, tmp_path: Path):
    train("bars")
    train("vae", network="vae")
    (tmp_path / "feint-victims" / "broken").mkdir()
    (tmp_path / "feint-victims" / "broken" / "card.json").write_text("{")
    assert card(tmp_path, "vae")["kind"] == "autoencoder"
    command = ["attack", "fgsm", "--radii", 0.1, "--data", tmp_path / "test.npz", "--victim"]
    assert "expected a classifier, got the autoencoder 'vae'" in refusal(feint(*command, "vae"))
    assert refusal(feint(*command, "wrong")).endswith("there are bars, broken\n")
