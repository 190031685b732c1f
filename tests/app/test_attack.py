"""`feint attack` through the command line: what it prints, keeps, resumes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from feint.data import load
from feint.experiments.attack import ATTACK
from feint.experiments.attack.work import Attacking
from feint.runs.run import Run

from .conftest import records

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    return ["--data", images, "--network", f"{networks}:build", "--quiet", "--threads", 1, "--batch-size", 3]


ATTACKED = ("attacked", "rounded")


def _changed(folder, **where):
    """Whether each label is another than before the attack, as the records say."""
    rows = Run.load(folder, ATTACK).table("records").read(**where)
    return rows.column("prediction").to_numpy() != rows.column("clean_prediction").to_numpy()


def test_a_data_set(feint, command, images):
    outcome = feint("attack", "bim:steps=3", *command, "--radii", "0.1,0.3", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    assert summary["images"] == 24
    first, second = summary["attacked"]
    assert 0 < first["success"] <= second["success"] <= 1
    assert first["linf"] <= 0.1 + 1e-6
    assert first["l2"] < second["l2"]
    assert first["gradients"] == 3
    folder = Path(summary["run"]["folder"])
    for row in (first, second):
        attacked, rounded = (_changed(folder, variant=variant, radius=row["radius"]) for variant in ATTACKED)
        assert row["success"] == pytest.approx(attacked.mean())
        assert row["rounded"]["surviving"] == pytest.approx(rounded[attacked].mean())
    assert summary["files"] == ["attacked-0.npz", "attacked-1.npz"]
    with np.load(folder / "attacked-1.npz") as file:
        arrays = dict(file)
    assert arrays["images"].shape == (24, 8, 8, 1)
    assert np.abs(arrays["images"] - arrays["originals"]).max() == pytest.approx(second["linf"], abs=1e-6)
    assert arrays["samples"].tolist() == list(range(24))
    again = load(folder / "attacked-1.npz")
    assert len(again) == 24
    assert next(again.batches(24)).targets.tolist() == next(load(images).batches(24)).targets.tolist()
    assert {path.name for path in folder.glob("figures/*")} == {"success.svg", "attacked.svg"}
    table = feint("attack", "bim:steps=3", *command, "--radii", "0.1,0.3")
    assert f"{100 * second['success']:.2f}" in table.out
    assert str(folder) in table.out


def test_interrupted_then_resumed(feint, command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    arguments = ["attack", "fgsm", *command, "--radii", "0.2", "--format", "safetensors"]
    assert feint(*arguments, "--out", tmp_path / "whole").code == 0
    part, calls = Attacking._compute, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return part(*arguments, **named)

    monkeypatch.setattr(Attacking, "_compute", interrupted)
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
    command[1] = f"pgd:target={target}"
    assert feint(*command).code == 0
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
    for command in (["attack", "fgsm", "--radii", 0.1], ["detect", "--attack", "fgsm", "--resamples", 2]):
        outcome = feint(*command, *common)
        assert outcome.code == 0, outcome
        ((where, _),) = json.loads(outcome.out)["skipped"]
        assert "4.png" in where


def test_a_stochastic_victim_is_judged_on_fresh_draws(feint, command, networks: Path):
    command[command.index(f"{networks}:build")] = f"{networks}:dropout"
    stochastic = ["--estimator", "mc-dropout:draws=4", "--radii", "0.2", "--repeats"]
    outcome = feint("attack", "mim:steps=2,draws=fresh", *command, *stochastic, 2, "--json")
    assert outcome.code == 0
    summary = json.loads(outcome.out)
    table = records(summary)
    other = table["prediction"] != table["clean_prediction"]

    def shares(variant: str) -> list[float]:
        return [other[(table["variant"] == variant) & (table["repeat"] == repeat)].mean() for repeat in (1, 2)]

    found = summary["attacked"][0]
    assert found["success"] == pytest.approx(np.mean(shares("attacked")))
    assert found["rounded"]["success"] == pytest.approx(np.mean(shares("rounded")))
    spread = found["draws"]["std"]["success"]
    assert spread == pytest.approx(np.std(shares("attacked"), ddof=1))
    assert summary["clean"]["changed"] == pytest.approx(np.mean(shares("clean")))
    assert found["success"] > summary["clean"]["changed"]
    again = feint("attack", "mim:steps=2,draws=fresh", *command, *stochastic, 2)
    assert f"{100 * found['success']:.2f} ± {100 * spread:.2f}" in again.out
    once = feint("attack", "mim:steps=2,draws=fresh", *command, *stochastic, 1)
    assert once.code == 0
    assert "±" not in once.out


@pytest.mark.parametrize(("attack", "radius"), [("bim:steps=9,target=1", 0.1), ("cw:steps=9,target=1", 9)])
def test_what_is_the_target_already_does_not_count(feint, command, networks: Path, attack, radius):
    command[command.index(f"{networks}:build")] = f"{networks}:dropout"
    command += ["--estimator", "mc-dropout:draws=4", "--repeats", 2]
    outcome = feint("attack", attack, *command, "--radii", radius, "--json")
    assert outcome.code == 0, outcome
    summary = json.loads(outcome.out)
    assert summary["clean"]["accuracy"] > 1 / 3
    assert outcome.err == ""
    table = records(summary)
    others = table["clean_prediction"] != 1
    assert 0 < others.mean() < 1
    tried = [(table["variant"] == "attacked") & others & (table["repeat"] == repeat) for repeat in range(3)]
    won = [table["prediction"][rows] == 1 for rows in tried]
    (found,) = summary["attacked"]
    assert found["tried"] == tried[0].sum()
    assert found["draws"]["own"]["success"] == pytest.approx(won[0].mean())
    assert found["success"] == pytest.approx((won[1].mean() + won[2].mean()) / 2)
    names = {"measured": "measured", "linf": "linf", "l2": "l2", "pixels_changed": "changed"}
    for name, column in names.items():
        repeats = [table[column][tried[repeat]][won[repeat]] for repeat in (1, 2) if won[repeat].any()]
        assert repeats
        assert min(values.min() for values in repeats) > 0
        assert found[name] == pytest.approx(np.mean([values.mean() for values in repeats]))
    printed = feint("attack", attack, *command, "--radii", radius).out
    assert f" {found['tried']} " in printed
    assert f"{found['l2']:.3f}" in printed


def test_where_none_is_tried_or_none_succeeds_there_is_no_number(feint, command):
    (weak,) = json.loads(feint("attack", "cw:steps=1", *command, "--radii", 1e-6, "--json").out)["attacked"]
    assert (weak["tried"], weak["success"], weak["l2"], weak["rounded"]["surviving"]) == (24, 0, None, None)
    one = [*command, "--radii", 0.1, "--first", 1]
    own = records(json.loads(feint("attack", "bim", *one, "--json").out))["clean_prediction"][0]
    outcome = feint("attack", f"bim:target={own}", *one, "--json")
    (none,) = json.loads(outcome.out)["attacked"]
    assert (none["tried"], none["success"], none["l2"], none["rounded"]["success"]) == (0, None, None, None)
    row = feint("attack", f"bim:target={own}", *one).out.splitlines()
    assert next(line for line in row if line.lstrip().startswith("0.1 ")).split()[:4] == ["0.1", "0", "-", "-"]


@pytest.mark.parametrize("kind", ["cw", "lbfgs"])
def test_how_the_weight_is_searched(feint, command, kind):
    gradients: list[float] = []
    for searches in (1, 3):
        attack = f"{kind}:steps=3,initial=1e-6,searches={searches}"
        outcome = feint("attack", attack, *command, "--radii", 9, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        summary = json.loads(outcome.out)
        assert (summary["attack"]["initial"], summary["attack"]["searches"]) == (1e-6, searches)
        gradients.append(summary["attacked"][0]["gradients"])
    assert gradients[1] > 2 * gradients[0]


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (["fgsm", "--radii", "0"], "radii"),
        (["fgsm", "--radii", "0.1,0.1"], "radii: expected each radius once"),
        (["fgsm"], "radii: expected how far the attack may go, such as --radii 8/255, got none"),
        (["bim:target=7", "--radii", "0.1"], "bim.target: expected a label from 0 to 2, got 7"),
        (["lbfgs:step=0.1", "--radii", "1"], "lbfgs: expected settings one of"),
        (["cw:norm=l2", "--radii", "1"], "cw: expected settings one of"),
        (["lbfgs:norm=linf", "--radii", "1"], "'norm'"),
        (["iaa:norm=linf", "--radii", "1"], "'norm'"),
        (["bim:initial=0.1", "--radii", "1"], "bim: expected settings one of"),
        (["iaa:searches=2", "--radii", "1"], "'searches'"),
        (["cw:initial=0", "--radii", "1"], "cw.initial"),
        (["bim:evade=wit", "--radii", "0.1"], "attack.evade: expected one of"),
        (["bim:weight=0.3", "--radii", "0.1"], "attack.weight: expected it with evade, got 0.3 alone"),
        (["bim:draws=fresh", "--radii", "0.1"], "bim.draws: expected a victim that draws"),
        (["bim", "--radii", "0.1", "--draws", 5], "unrecognized argument --draws"),
        (["bim", "--radii", "0.1", "--estimator", "softmax:draws=5"], "estimator.softmax: expected settings"),
        (["bim", "--radii", "0.1", "--estimator", "mc-dropout:temperature=2"], "expected settings one of draws, masks"),
        (["bim", "--radii", "0.1", "--repeats", 2], "repeats: expected a victim that draws"),
        (["bim:target=-1", "--radii", "0.1"], "attack.target: expected greater than or equal to 0, got '-1'"),
        (["bim", "--radii", "0.1,inf"], "radii"),
        (["bim:step=inf", "--radii", "0.1"], "bim.step"),
        (["mim:decay=inf", "--radii", "0.1"], "mim.decay"),
        (["bim:evade=mutual_information", "--radii", "0.1"], "mutual_information"),
        (["pgdd", "--radii", "0.1"], "got 'pgdd'; did you mean 'pgd'?"),
        (["bim:stepps=3", "--radii", "0.1"], "did you mean 'steps'?"),
        (["bim", "--radiii", "0.1"], "unrecognized argument --radiii; did you mean '--radii'?"),
        (
            ["ace:goal=reverse", "--radii", "0.1"],
            "ace.goal: expected one that looks at an input by itself, got reverse",
        ),
        ([], "attack"),
    ],
)
def test_bad_input(feint, command, extra, word, tmp_path: Path):
    outcome = feint("attack", *extra, *command)
    assert outcome.code == 2
    assert word in outcome.err
    assert not (tmp_path / "feint-runs").exists()
    assert outcome.err.count("\n") == 1
