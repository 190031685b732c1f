"""`feint attack` through the command line: what it prints, keeps, resumes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from feint.data import load
from feint.experiments import attack as module

from .conftest import records


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    return ["--data", images, "--network", f"{networks}:build", "--quiet", "--threads", 1, "--batch-size", 3]


def test_a_data_set(feint, command, images):
    outcome = feint("attack", "bim", *command, "--steps", 3, "--radii", "0.1,0.3", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    assert summary["images"] == 24
    first, second = summary["attacked"]
    assert 0 < first["success"] <= second["success"] <= 1
    assert first["linf"] <= 0.1 + 1e-6
    assert first["l2"] < second["l2"]
    assert first["gradients"] == 3
    assert 0 <= first["rounded"]["surviving"] <= 1
    folder = Path(summary["run"]["folder"])
    assert summary["files"] == ["attacked-0.npz", "attacked-1.npz"]
    with np.load(folder / "attacked-1.npz") as file:
        arrays = dict(file)
    assert arrays["images"].shape == (24, 8, 8, 1)
    assert np.abs(arrays["images"] - arrays["originals"]).max() == pytest.approx(second["linf"], abs=1e-6)
    assert arrays["samples"].tolist() == list(range(24))
    again = load(folder / "attacked-1.npz")
    assert len(again) == 24
    assert next(again.batches(24)).targets.tolist() == next(load(images).batches(24)).targets.tolist()
    names = {path.name for path in folder.glob("pictures/00000-1-*.png")}
    assert {"00000-1-original.png", "00000-1-attacked.png"} < names
    assert not (folder / "arrays").exists()
    table = feint("attack", "bim", *command, "--steps", 3, "--radii", "0.1,0.3")
    assert f"{100 * second['success']:.2f}" in table.out
    assert str(folder) in table.out


def test_interrupted_then_resumed(feint, command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    arguments = ["attack", "fgsm", *command, "--radii", "0.2", "--format", "safetensors"]
    assert feint(*arguments, "--out", tmp_path / "whole").code == 0
    part, calls = module._part, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return part(*arguments, **named)

    monkeypatch.setattr(module, "_part", interrupted)
    assert feint(*arguments).code == 130
    assert feint(*arguments).code == 0
    assert len(calls) == 3
    files = [next((tmp_path / root).glob("*/attacked.safetensors")) for root in ("whole", "feint-runs")]
    first, second = (load_file(file) for file in files)
    assert set(first) == {"images", "originals", "labels", "samples", "predictions"}
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_picture(feint, networks: Path, tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    command = ["attack", "pgd", "--data", tmp_path / "one.png", "--resize", 8, "--crop", 8, "--network"]
    command += [f"{networks}:build", "--radii", 0.5, "--quiet", "--threads", 1, "--json"]
    outcome = feint(*command)
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    assert (summary["images"], summary["clean"]["accuracy"]) == (1, 1.0)  # its label is the victim's own
    target = 1 if summary["attacked"][0]["success"] else 0
    assert feint(*command, "--target", target).code == 0
    (tmp_path / "one.png").write_bytes(b"nothing")
    broken = feint(*command)
    assert broken.code == 2
    assert "one.png" in broken.err


def test_skipped_images_are_reported(feint, networks: Path, tmp_path: Path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "4.png").write_bytes(b"no picture")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"{index}.png,{index % 2}\n" for index in range(6)))
    common = ["--data", folder, "--network", f"{networks}:build", "--on-error", "skip", "--quiet", "--json"]
    common += ["--threads", 1, "--batch-size", 1]
    for command in (["attack", "fgsm", "--radii", 0.1], ["detect", "--attacks", "fgsm", "--resamples", 2]):
        outcome = feint(*command, *common)
        assert outcome.code == 0, outcome
        ((where, _),) = json.loads(outcome.out)["skipped"]
        assert "4.png" in where


def test_a_stochastic_victim_is_judged_on_fresh_draws(feint, command, networks: Path):
    command[command.index(f"{networks}:build")] = f"{networks}:dropout"
    stochastic = ["--estimator", "mc-dropout", "--draws", 4, "--repeats", 2, "--attack-draws", "fresh"]
    outcome = feint("attack", "mim", *command, *stochastic, "--radii", "0.2", "--steps", 2, "--json")
    assert outcome.code == 0
    summary = json.loads(outcome.out)
    table = records(summary)
    other = table["prediction"] != table["clean_prediction"]

    def shares(variant: str) -> list[float]:
        return [other[(table["variant"] == variant) & (table["repeat"] == repeat)].mean() for repeat in (1, 2)]

    found = summary["attacked"][0]["fresh"]
    assert found == {"repeats": 2, "success": pytest.approx(np.mean(shares("attacked"))), "std": found["std"]}
    assert found["std"] == pytest.approx(np.std(shares("attacked"), ddof=1))
    assert summary["clean"]["fresh_changed"] == pytest.approx(np.mean(shares("clean")))
    assert found["success"] > summary["clean"]["fresh_changed"]
    once = feint("attack", "mim", *command, *stochastic[:-3], 1, "--radii", "0.2", "--steps", 2)
    assert once.code == 0
    assert "+-" not in once.out


@pytest.mark.parametrize(("kind", "radius"), [("bim", 0.1), ("cw", 9)])
def test_what_is_the_target_already_does_not_count(feint, command, networks: Path, kind, radius):
    command[command.index(f"{networks}:build")] = f"{networks}:dropout"
    command += ["--estimator", "mc-dropout", "--draws", 4, "--repeats", 2, "--steps", 9, "--target", 1]
    outcome = feint("attack", kind, *command, "--radii", radius, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    table = records(summary)
    others = table["clean_prediction"] != 1
    assert 0 < others.mean() < 1
    tried = [(table["variant"] == "attacked") & others & (table["repeat"] == repeat) for repeat in range(3)]
    won = [table["prediction"][rows] == 1 for rows in tried]
    (found,) = summary["attacked"]
    assert found["tried"] == tried[0].sum()
    assert found["success"] == pytest.approx(won[0].mean())
    assert found["fresh"]["success"] == pytest.approx((won[1].mean() + won[2].mean()) / 2)
    names = {"measured": "measured", "linf": "linf", "l2": "l2", "pixels_changed": "changed"}
    for name, column in names.items():
        values = table[column][tried[0]][won[0]]
        assert values.min() > 0
        assert found[name] == pytest.approx(values.mean())
    printed = feint("attack", kind, *command, "--radii", radius).out
    assert f" {found['tried']} " in printed
    assert f"{found['l2']:.3f}" in printed


def test_where_none_is_tried_or_none_succeeds_there_is_no_number(feint, command):
    (weak,) = json.loads(feint("attack", "cw", *command, "--radii", 1e-6, "--steps", 1, "--json").out)["attacked"]
    assert (weak["tried"], weak["success"], weak["l2"], weak["rounded"]["surviving"]) == (24, 0, None, None)
    one = ["attack", "bim", *command, "--radii", 0.1, "--limit", 1]
    own = records(json.loads(feint(*one, "--json").out))["clean_prediction"][0]
    (none,) = json.loads(feint(*one, "--target", own, "--json").out)["attacked"]
    assert (none["tried"], none["success"], none["l2"], none["rounded"]["success"]) == (0, None, None, None)
    assert feint(*one, "--target", own).out.splitlines()[4].split()[:5] == ["0.1", "0", "-", "-", "-"]


@pytest.mark.parametrize("kind", ["cw", "lbfgs"])
def test_how_the_weight_is_searched(feint, command, kind):
    gradients: list[float] = []
    for searches in (1, 3):
        extra = ["--radii", 9, "--steps", 3, "--initial", 1e-6, "--searches", searches, "--json"]
        outcome = feint("attack", kind, *command, *extra)
        assert (outcome.code, outcome.err) == (0, "")
        summary = json.loads(outcome.out)
        assert (summary["attack"]["initial"], summary["attack"]["searches"]) == (1e-6, searches)
        gradients.append(summary["attacked"][0]["gradients"])
    assert gradients[1] > 2 * gradients[0]


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (["fgsm", "--radii", "0"], "radii"),
        (["fgsm", "--radii", "0.1,0.1"], "radii"),
        (["bim", "--radii", "0.1", "--target", 7], "target"),
        (["lbfgs", "--radii", "1", "--step", 0.1], "step"),
        (["cw", "--radii", "1", "--norm", "l2"], "norm"),
        (["lbfgs", "--radii", "1", "--norm", "linf"], "norm"),
        (["iaa", "--radii", "1", "--norm", "linf"], "norm"),
        (["bim", "--radii", "1", "--initial", 0.1], "initial"),
        (["iaa", "--radii", "1", "--searches", 2], "searches"),
        (["cw", "--radii", "1", "--initial", 0], "initial"),
        (["bim", "--radii", "0.1", "--evade", "wit"], "evade"),
        (["bim", "--radii", "0.1", "--weight", 0.3], "weight"),
        (["bim", "--radii", "0.1", "--attack-draws", "fresh"], "attack-draws: expected a victim that draws"),
        (["bim", "--radii", "0.1", "--draws", 5], "draws: expected an estimator"),
        (["bim", "--radii", "0.1", "--masks", "shared"], "masks: expected an estimator"),
        (["bim", "--radii", "0.1", "--estimator", "mc-dropout", "--temperature", 2], "temperature: expected"),
        (["bim", "--radii", "0.1", "--repeats", 2], "repeats: expected a victim that draws"),
        (["bim", "--radii", "0.1", "--target", -1], "attack.target: expected greater than or equal to 0, got -1"),
        (["bim", "--radii", "0.1,inf"], "radii"),
        (["bim", "--radii", "0.1", "--step", "inf"], "step"),
        (["mim", "--radii", "0.1", "--decay", "inf"], "decay"),
        (["bim", "--radii", "0.1", "--evade", "mutual_information"], "mutual_information"),
    ],
)
def test_bad_input(feint, command, extra, word, tmp_path: Path):
    outcome = feint("attack", *extra, *command)
    assert outcome.code == 2
    assert word in outcome.err
    assert not (tmp_path / "feint-runs").exists()
    assert outcome.err.count("\n") == 1
