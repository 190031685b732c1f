"""`feint detect`, `feint per-class` and `feint reproduce smith-gal-table-1` through the command line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from feint.experiments import detection_run, smith_gal
from feint.experiments.detection_part import Detection
from feint.experiments.per_class import line
from feint.results.records import MEASURE
from feint.training import Recipe

from .conftest import records

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
    common = ["--quiet", "--threads", 1, "--batch-size", 3, "--resamples", 10, "--steps", 3, "--radii", 0.3]
    return ["detect", "--data", images, "--network", f"{networks}:dropout", *common]


def test_detect(feint, command):
    outcome = feint(*command, "--compare", "--draws", 4, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    assert [each["name"] for each in summary["victims"]] == ["deterministic", "MC dropout"]
    for victim in summary["victims"]:
        attacks = {each["attack"]: each for each in victim["attacks"]}
        assert set(attacks) == {"fgsm", "bim", "mim", "adaptive", "ace"}
        for entry in attacks.values():
            assert ("mutual_information" in entry["all"]) == (victim["name"] == "MC dropout")
            for scores in entry["all"].values():
                assert 0 <= scores["auroc"][0] <= scores["auroc"][2] <= 1
        assert attacks["bim"]["changed"] > 0
    assert {each["attack"]: each for each in summary["victims"][0]["attacks"]}["ace"]["successful"] is None
    folder = Path(summary["run"]["folder"])
    page = (folder / "report.html").read_text()
    ours = re.sub(r"<script>/\*\*\s+\* plotly\.js.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""https?:|(src|href)\s*=\s*["']?//""", ours)
    assert {path.name for path in folder.glob("figures/*.png")} == {"detection-roc.png", "detection-pr.png"}
    table = feint(*command, "--compare", "--draws", 4)
    assert str(folder / "report.html") in table.out
    assert "(S)" in table.out


def test_detect_resumes(feint, command, monkeypatch: pytest.MonkeyPatch):
    records, calls = Detection.records, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return records(*arguments)

    monkeypatch.setattr(Detection, "records", interrupted)
    arguments = [*command, "--attacks", "bim,ace"]
    assert feint(*arguments).code == 130
    assert feint(*arguments).code == 0
    assert len(calls) == 3  # one done, one interrupted, one left
    monkeypatch.setattr(detection_run, "compute", None)
    assert feint(*arguments).code == 0


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (["--attacks", "wit"], "attacks"),
        (["--weight", 1], "weight"),
        (["--protocol", "as-released"], "protocol"),
        (["--victim", "a"], "victim"),
        (["--attacks", "bim,bim"], "attacks: expected each attacker once"),
        (["--attacks", "fgsm,ace"], "steps: expected an attack that has such a setting, bim or mim or pgd or adaptive"),
        (["--attacks", "bim", "--evade", "margin"], "evade: expected an attack that has such a setting, adaptive, got"),
        (["--attacks", "bim", "--weight", 0.4], "weight: expected an attack that has such a setting, adaptive, got"),
        (["--attacks", "bim", "--repeats", 2], "repeats: expected a victim that draws, got softmax"),
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
    command = [
        "reproduce",
        "smith-gal-table-1",
        "--data",
        tmp_path / "pets",
        "--images",
        8,
        "--passes",
        4,
        "--resamples",
        5,
    ]
    command += ["--threads", 1, "--batch-size", 2, "--quiet"]
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
    assert {path.name for path in folder.glob("figures/*.png")} == {
        f"detection-{side}-{protocol}.png" for side in ("roc", "pr") for protocol in ("corrected", "as-released")
    }
    titles = ["bim 5/255", "bim 10/255", "fgsm 5/255", "fgsm 10/255", "mim 5/255", "mim 10/255"]
    page = (folder / "report.html").read_text()
    at = [page.index(f"deterministic: {title}, ") for title in titles]
    assert at == sorted(at)
    again = feint(*command, "--features", f"{tmp_path / 'model.py'}:features")
    assert "accuracy 100.00% on 12 test images" in again.out
    for arguments, word in (
        ([], "features"),
        (["--features", f"{tmp_path / 'model.py'}:not_rows"], "features: expected (N, F)"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--draws", 3], "draws: expected none"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--proxy", "a"], "proxy: expected none"),
    ):
        refused = feint(*command, *arguments, "--out", tmp_path / "refused")
        assert refused.code == 2
        assert word in refused.err
    assert not (tmp_path / "refused").exists()
    refused = feint("reproduce", "ace-softmax", "--passes", 3)
    assert "passes: expected none, for ace-softmax" in refused.err


def test_per_class(feint, images: Path, networks: Path, tmp_path: Path, save_images):
    train = ["train", "small", "--data", images, "--test-data", save_images("test.npz", labels=np.arange(24) % 3)]
    train += ["--network", f"{networks}:dropout", "--epochs", 1, "--threads", 1, "--quiet"]
    assert feint(*train).code == 0
    command = ["per-class", "--victim", "small", "--data", images, "--passes", 5, "--steps", 2, "--threads", 1]
    outcome = feint(*command, "--quiet", "--batch-size", 6, "--json")
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
    table = feint(*command, "--quiet", "--batch-size", 6)
    assert "all together" in table.out
    own = feint(*command, "--quiet", "--batch-size", 6, "--json", "--attacks", "fgsm=0.2,cw,iaa=5,lbfgs")
    (victim,) = json.loads(own.out)["victims"]
    assert [(each["condition"], each["radius"]) for each in victim["conditions"]] == [
        *(("clean", 0), ("fgsm=0.2", 0.2), ("cw", 4), ("iaa=5", 5), ("lbfgs", 4))
    ]
    # Attacks that see one pass of five are others, judged by the same five.
    (seen,) = json.loads(feint(*command, "--quiet", "--batch-size", 6, "--json", "--attack-passes", 1).out)["victims"]
    (all_of_them,) = json.loads(outcome.out)["victims"]
    same = [one == other for one, other in zip(seen["conditions"], all_of_them["conditions"], strict=True)]
    assert same == [True, False, False]
    for options, message in {
        ("--attack-passes", 6): "at most the 5 passes, got 6",
        ("--attack-passes", 0): "greater than 0",
        ("--searches", 2): "cw or lbfgs, got fgsm, bim",
    }.items():
        refused = feint(*command, *options)
        assert refused.code == 2
        assert message in refused.err
    for attacks, message in {
        "fgsm,fgsm": "each attack once",
        "lbfgs=far": "radius above 0 after lbfgs=, got 'far'",
        "lbfgs=": "radius above 0 after lbfgs=, got ''",
        "fgsm=0.1,fgsm=0.10": "each attack once",
        "squint": "'fgsm', 'bim'",
    }.items():
        refused = feint(*command, "--attacks", attacks)
        assert refused.code == 2
        assert message in refused.err
    refused = feint(*command, "--rates", "0.2,0.3")
    assert refused.code == 2
    assert "built-in architecture" in refused.err


def test_a_line_and_a_bend():
    points = [{"mean_softmax": x, "confidence": 0.2 + 0.5 * x} for x in (0.1, 0.4, 0.9)]
    found = line(points)
    assert (found["pearson"], found["r2"], found["slope"], found["height"]) == pytest.approx((1, 1, 0.5, 0.2))
    assert found["rank"] == pytest.approx(1)
    bent = line([{"mean_softmax": x, "confidence": (x - 0.5) ** 2} for x in (0.0, 0.25, 0.5, 0.75, 1.0)])
    assert bent["r2"] == pytest.approx(0, abs=1e-12)
    assert bent["bend"] == pytest.approx(1)
    assert line(points[:2])["r2"] is None
