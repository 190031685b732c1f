"""`feint detect`, `feint per-class` and `feint reproduce smith-gal-table-1` through the command line."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from feint.experiments.papers.smith_gal import work as smith_gal
from feint.training import Recipe
from feint.victims.records import MEASURE

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


def columns(summary: dict[str, Any]) -> dict[str, np.ndarray]:
    """The columns of a run's records."""
    table = pq.read_table(Path(summary["run"]["folder"]) / "tables" / "records")
    return {name: np.asarray(table.column(name).to_pylist()) for name in table.column_names}


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    common = ["--quiet", "--threads", 1, "--batch-size", 3, "--resamples", 10, "--radii", 0.3]
    return ["detect", "--data", images, "--network", f"{networks}:dropout", *common]


def test_detect(feint, command):
    outcome = feint(*command, "--compare", "--estimator", "mc-dropout:draws=4", "--json", "--debug")
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
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
    # The AUROC again, by counting pairs.
    table, entry = columns(summary), summary["victims"][1]["attacks"][1]
    own = (table["victim"] == 1) & (table["repeat"] == 1)
    against, values = own & (table["attack"] == "bim"), table[f"{MEASURE}mutual_information"].astype(float)
    positives = values[against & (table["kind"] == "attacked")][:, None]
    others = np.concatenate([values[own & (table["kind"] == "clean")], values[against & (table["kind"] == "noise")]])
    area = (positives > others).mean() + 0.5 * (positives == others).mean()
    assert entry["all"]["mutual_information"]["auroc"][1] == pytest.approx(area)
    folder = Path(summary["run"]["folder"])
    page = (folder / "report.html").read_text()
    assert not re.search(r"""<[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert {path.name for path in folder.glob("figures/*.png")} == {"detection-roc.png", "detection-pr.png"}
    evaded = {"deterministic": "predictive entropy", "MC dropout": "mutual information"}
    for name, measure in evaded.items():
        assert f"{name}: adaptive keeps {measure} low" in page
    table = feint(*command, "--compare", "--estimator", "mc-dropout:draws=4")
    assert str(folder / "report.html") in table.out
    assert "(S): of attacked inputs whose label changed" in table.out


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (["--attack", "wit"], "attacks: expected one of ace, iterative-ace, fgsm"),
        (["--attack", "bim:evade=auto,weight=1"], "weight"),
        (["--protocol", "as-released"], "protocol: as-released expects images in colour, got 1 channel"),
        (["--victim", "a"], "victim: expected either --victim or --network, got both"),
        (["--attack", "bim", "--attack", "bim"], "attacks: expected each attack once"),
        (["--attack", "fgsm:steps=3"], "fgsm: expected settings"),
        (["--attack", "bim:weight=0.4"], "weight: expected it with evade"),
        (["--attack", "ace:goal=reverse"], "goal: expected one that looks at an input by itself"),
        (["--attack", "bim", "--repeats", 2], "repeats: expected a victim that draws, got"),
        (["--estimator", "mc-dropout", "--repeats", 0], "repeats: expected at least 1"),
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
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
    found = json.loads(outcome.out)
    assert found["accuracy"] == 1.0
    assert found["accuracy_images"] == 12
    assert len(found["rows"]) == 18
    table = columns(found)
    for row in found["rows"]:
        victim, measure = {
            "deterministic entropy": (0, "predictive_entropy"),
            "MC entropy": (1, "predictive_entropy"),
            "MC mutual information": (1, "mutual_information"),
        }[row["detector"]]
        values, own = table[f"{MEASURE}{measure}"].astype(float), table["victim"] == victim
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
        (["--features", f"{tmp_path / 'model.py'}:features", "--limit", 3], "limit: expected none, for both splits"),
        (["--features", f"{tmp_path / 'model.py'}:features", "--proxy", "a"], "proxy"),
    ):
        refused = feint(*command, *arguments, "--out", tmp_path / "refused")
        assert refused.code == 2
        assert word in refused.err
    assert not (tmp_path / "refused").exists()


def test_per_class(feint, images: Path, networks: Path):
    command = ["per-class", "--network", f"{networks}:dropout", "--data", images, "--passes", 5, "--threads", 1]
    command += ["--quiet", "--batch-size", 6]
    some = ["--attack", "fgsm", "--attack", "bim:steps=2"]
    outcome = feint(*command, *some, "--json")
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
    summary = json.loads(outcome.out)
    (victim,) = summary["victims"]
    assert [each["condition"] for each in victim["conditions"]] == ["clean", "fgsm", "bim"]
    table = columns(summary)
    for entry in victim["conditions"]:
        assert sum(each["images"] for each in entry["classes"]) == 24
        for each in entry["classes"]:
            rows = (table["condition"] == entry["condition"]) & (table["label"] == each["label"])
            assert each["accuracy"] == pytest.approx((table["prediction"][rows] == each["label"]).mean())
            assert each["mean_softmax"] == pytest.approx(table["softmax"][rows].mean())
            assert each["confidence"] == pytest.approx(1 - 2 * np.sqrt(table["variance"][rows]).mean())
    again = feint(*command, *some)
    assert "all together" in again.out
    folder = Path(summary["run"]["folder"])
    assert (folder / "figures" / "per-class.png").exists()
    assert str(folder / "report.html") in again.out
    # Attacks that see one pass of five are others, judged by the same five.
    (seen,) = json.loads(feint(*command, *some, "--json", "--attack-passes", 1).out)["victims"]
    same = [one == other for one, other in zip(seen["conditions"], victim["conditions"], strict=True)]
    assert same == [True, False, False]


def test_per_class_as_far_as_each_goes(feint, images: Path, networks: Path):
    command = ["per-class", "--network", f"{networks}:dropout", "--data", images, "--passes", 2, "--threads", 1]
    command += ["--quiet", "--batch-size", 6, "--limit", 6, "--attack", "fgsm:radii=0.2,0.3", "--attack", "cw:steps=2"]
    own = feint(*command, "--json", "--attack", "iaa:radii=5,rounds=2", "--attack", "lbfgs:steps=2,searches=1")
    (victim,) = json.loads(own.out)["victims"]
    assert [(each["condition"], each["radius"]) for each in victim["conditions"]] == [
        *(("clean", 0), ("fgsm", 0.2), ("fgsm", 0.3), ("cw", 4), ("iaa", 5), ("lbfgs", 4))
    ]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--attack-passes", 6], "at most the 5 passes, got 6"),
        (["--attack-passes", 0], "greater than 0"),
        (["--attack", "fgsm:searches=2"], "fgsm: expected settings"),
        (["--attack", "fgsm", "--attack", "fgsm"], "each attack once"),
        (["--attack", "fgsm:radii=0.1", "--attack", "fgsm:radii=0.10"], "each attack once"),
        (["--attack", "lbfgs:radii=far"], "radii"),
        (["--attack", "squint"], "attacks: expected one of ace, iterative-ace, fgsm"),
        (["--attack", "ace"], "attacks: expected attacks on labels, got ace, which keeps them"),
        (["--rates", "0.2,0.3"], "rates: expected a built-in architecture, got"),
        (["--rates", "0.2,1"], "rates: expected numbers between 0 and 1"),
        (["--estimator", "mc-dropout:draws=7"], "expected draws to be left to passes"),
    ],
)
def test_per_class_refuses(feint, images: Path, networks: Path, extra, message):
    command = ["per-class", "--network", f"{networks}:dropout", "--data", images, "--passes", 5, "--quiet"]
    refused = feint(*command, *extra)
    assert refused.code == 2
    assert message in refused.err
    assert refused.err.count("\n") == 1
