"""`feint detect`, `feint per-class` and `feint reproduce smith-gal-table-1` through the command line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from feint.experiments.detection.part import Detection
from feint.experiments.papers.smith_gal import work as smith_gal
from feint.training import Recipe
from feint.victims.records import MEASURE

from .conftest import by_chance, records

pytestmark = pytest.mark.usefixtures("undrawn")
FEATURES = """
import torch
from torch import nn


def features():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def not_rows():
    return nn.Conv2d(3, 8, 3)
"""


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    common = ["--quiet", "--threads", 1, "--batch-size", 3, "--resamples", 10, "--radii", 0.3]
    return ["detect", "--data", images, "--network", f"{networks}:dropout", *common]


def test_detect(feint, command):
    told = ["--compare", "--estimator", "mc-dropout:draws=4"]
    told += [
        part
        for word in ("fgsm", "bim:steps=3", "bim:steps=3,evade=auto,reach=2.5,as=adaptive", "ace")
        for part in ("--attack", word)
    ]
    outcome = feint(*command, *told, "--json")
    assert (outcome.code, outcome.err) == (0, by_chance(1 / 3, "MC dropout: "))
    summary = json.loads(outcome.out)
    assert [each["name"] for each in summary["victims"]] == ["deterministic", "MC dropout"]
    for victim in summary["victims"]:
        attacks = {each["attack"]: each for each in victim["attacks"]}
        assert set(attacks) == {"fgsm", "bim", "adaptive", "ace"}
        for entry in attacks.values():
            assert ("mutual_information" in entry["all"]) == (victim["name"] == "MC dropout")
            for scores in entry["all"].values():
                assert 0 <= scores["auroc"][0] <= scores["auroc"][2] <= 1
        assert attacks["bim"]["changed"] > 0
    assert {each["attack"]: each for each in summary["victims"][0]["attacks"]}["ace"]["successful"] is None
    folder = Path(summary["run"]["folder"])
    assert {path.name for path in folder.glob("figures/*.svg")} == {"detection-roc.svg", "detection-pr.svg"}
    table = feint(*command, *told)
    assert table.out.endswith(f"report: {folder / 'report.html'}\n")
    assert "(S)" in table.out
    # Every area in the terminal is the summary's.
    lines = [re.split(r"  +", line.strip()) for line in table.out.splitlines()]
    assert next(line for line in lines if line[0] == "victim")[6::2] == [
        "1 − max. probability",
        "entropy",
        "mutual information",
    ]
    for victim in summary["victims"]:
        for entry in victim["attacks"]:
            cells = next(line for line in lines if line[:2] == [victim["name"], entry["attack"]])
            assert float(cells[3]) == pytest.approx(100 * entry["changed"], abs=0.051)
            assert float(cells[4]) == pytest.approx(100 * entry["accuracy"], abs=0.051)
            assert float(cells[6]) == pytest.approx(entry["all"]["max_probability"]["auroc"][1], abs=6e-4)
            assert float(cells[8]) == pytest.approx(entry["all"]["predictive_entropy"]["auroc"][1], abs=6e-4)


def test_detect_resumes(feint, command, monkeypatch: pytest.MonkeyPatch):
    found, calls = Detection.records, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return found(*arguments)

    monkeypatch.setattr(Detection, "records", interrupted)
    arguments = [*command, "--attack", "bim:steps=3", "--attack", "ace"]
    assert feint(*arguments).code == 130
    assert feint(*arguments).code == 0
    assert len(calls) == 3  # one done, one interrupted, one left
    assert feint(*arguments).code == 0
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (["--attack", "wit"], "attacks"),
        (["--attack", "bim:evade=auto,weight=1"], "weight"),
        (["--attack", "bim:weight=0.4"], "weight: expected it with evade, got 0.4 alone"),
        (["--protocol", "as-released"], "protocol"),
        (["--victim", "a"], "victim"),
        (["--attack", "bim", "--attack", "bim"], "attacks: expected each attack once at a radius, or as=NAME"),
        (["--attack", "fgsm:steps=3"], "fgsm: expected settings one of"),
        (["--attack", "ace:evade=margin"], "ace.evade: expected an attack on labels"),
        (["--attack", "ace:goal=reverse"], "ace.goal: expected one that looks at an input by itself, got reverse"),
        (["--attack", "bim", "--repeats", 2], "repeats: expected a victim that draws, got"),
        (["--atack", "bim"], "did you mean '--attack'?"),
    ],
)
def test_bad_input(feint, command, extra, word):
    outcome = feint(*command, *extra)
    assert outcome.code == 2
    assert word in outcome.err
    assert outcome.err.count("\n") == 1


def test_smith_gal(feint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smith_gal, "RECIPE", Recipe(epochs=20, batch_size=8, learning_rate=0.1))
    generator = np.random.default_rng(0)
    for split, count in (("train", 16), ("test", 6)):
        for label, name in enumerate(("cats", "dogs")):
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(0, 120, (8, 8, 3), dtype=np.uint8)
                pixels[..., label] += 120
                Image.fromarray(pixels).save(folder / f"{index}.png")
    (tmp_path / "model.py").write_text(FEATURES)
    command = ["reproduce", "smith-gal-table-1", "--data", tmp_path / "pets", "--images", 8, "--passes", 4]
    command += ["--resamples", 5, "--threads", 1, "--batch-size", 2, "--quiet"]
    outcome = feint(*command, "--features", f"{tmp_path / 'model.py'}:features", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = json.loads(outcome.out)
    assert found["accuracy"] == 1.0
    assert found["accuracy_images"] == 12
    assert len(found["rows"]) == 18
    table = records(found)
    for row in found["rows"]:
        victim, measure = {
            "deterministic entropy": (0, "predictive_entropy"),
            "MC entropy": (1, "predictive_entropy"),
            "MC mutual information": (1, "mutual_information"),
        }[row["detector"]]
        values, own = table[f"{MEASURE}{measure}"], table["victim"] == victim
        against = own & (table["attack"] == row["attack"]) & (np.round(255 * table["radius"]) == row["radius"])
        positives = values[against & (table["kind"] == "attacked")][:, None]
        negatives = values[own & (table["kind"] == "clean")], values[against & (table["kind"] == "noise")]
        others = np.concatenate(negatives)[None]
        area = (positives > others).mean() + 0.5 * (positives == others).mean()
        assert row["corrected"][1] == pytest.approx(area)
        assert row["corrected"] != row["as-released"]
    paper = {(row["detector"], row["attack"], row["radius"]): row["paper"] for row in found["rows"]}
    assert paper["MC entropy", "mim", 10] == 0.05
    kinds = {entry["kind"] for entry in found["means"]["MC dropout"]}
    assert kinds == {"clean", "clean, clipped", "attacked", "clipped", "noise", "grey"}
    folder = Path(found["run"]["folder"])
    assert {path.name for path in folder.glob("figures/*.svg")} == {
        f"detection-{side}-{protocol}.svg" for side in ("roc", "pr") for protocol in ("corrected", "as-released")
    }
    again = feint(*command, "--features", f"{tmp_path / 'model.py'}:features")
    assert "accuracy 100.00 % on 12 test images" in again.out
    for arguments, word in (
        ([], "features"),
        (["--features", f"{tmp_path / 'model.py'}:not_rows"], "features: expected (N, F)"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--draws", 3], "unrecognized argument --draws"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--proxy", "a"], "unrecognized argument --proxy"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--first", 3], "first: expected none, for both splits"),
    ):
        refused = feint(*command, *arguments, "--out", tmp_path / "refused")
        assert refused.code == 2
        assert word in refused.err
    assert not (tmp_path / "refused").exists()
    refused = feint("reproduce", "ace-softmax", "--passes", 3)
    assert "unrecognized argument --passes" in refused.err


def test_per_class(feint, images: Path, networks: Path, save_images):
    train = ["train", "small", "--data", images, "--test-data", save_images("test.npz", labels=np.arange(24) % 3)]
    train += ["--network", f"{networks}:dropout", "--epochs", 1, "--threads", 1, "--quiet"]
    assert feint(*train).code == 0
    command = ["per-class", "--victim", "small", "--allow-code", "--data", images, "--passes", 5, "--threads", 1]
    command += ["--quiet", "--batch-size", 6]
    two = ["--attack", "fgsm", "--attack", "bim:steps=2"]
    outcome = feint(*command, *two, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (victim,) = json.loads(outcome.out)["victims"]
    assert [each["condition"] for each in victim["conditions"]] == ["clean", "fgsm", "bim"]
    table = records(json.loads(outcome.out))
    for entry in victim["conditions"]:
        assert sum(each["images"] for each in entry["classes"]) == 24
        for each in entry["classes"]:
            rows = (table["condition"] == entry["condition"]) & (table["label"] == each["label"])
            assert each["accuracy"] == pytest.approx((table["prediction"][rows] == each["label"]).mean())
            assert each["mean_softmax"] == pytest.approx(table["softmax"][rows].mean())
            assert each["confidence"] == pytest.approx(1 - 2 * np.sqrt(table["variance"][rows]).mean())
    assert "all together" in feint(*command, *two).out
    words = [
        part for word in ("fgsm:radii=0.2", "cw:steps=2", "iaa:radii=5", "lbfgs:steps=2") for part in ("--attack", word)
    ]
    (victim,) = json.loads(feint(*command, *words, "--json").out)["victims"]
    assert [(each["condition"], each["radius"]) for each in victim["conditions"]] == [
        *(("clean", 0), ("fgsm", 0.2), ("cw", 4), ("iaa", 5), ("lbfgs", 4))
    ]
    # Attacks that see one pass of five are others, judged by the same five.
    (seen,) = json.loads(feint(*command, *two, "--json", "--attack-passes", 1).out)["victims"]
    (all_of_them,) = json.loads(outcome.out)["victims"]
    same = [one == other for one, other in zip(seen["conditions"], all_of_them["conditions"], strict=True)]
    assert same == [True, False, False]
    for options, message in {
        ("--attack-passes", 6): "at most the 5 passes, got 6",
        ("--attack-passes", 0): "greater than 0",
        ("--attack", "bim:searches=2"): "bim: expected settings one of",
        ("--attack", "lbfgs:radii=far"): "radii",
        ("--attack", "lbfgs:radii="): "radii",
        ("--attack", "squint"): "expected one of ace, ",
        ("--attack", "fgsm:radii=0.1", "--attack", "fgsm:radii=0.10"): "each attack once",
        ("--rates", "0.2,0.3"): "rates: expected a built-in architecture, got",
    }.items():
        refused = feint(*command, *options)
        assert refused.code == 2
        assert message in refused.err
        assert refused.err.count("\n") == 1
