"""`feint audit` through the command line: what it prints, keeps, resumes and recomputes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from feint.experiments.part import Part
from feint.results import RunFolder, records
from PIL import Image

from feint import metrics
from feint.experiments import audit

ENTRY = {"aurc", "e_aurc", "augrc", "nll", "brier", "ece", "accuracy"}
ATTACKED = ENTRY | {"radius", "effective_radius", "kept", "gradients", "queries"}
RADII = [0.01, 0.05]


@pytest.fixture
def plain_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """No report: it takes seconds and has tests of its own."""
    monkeypatch.setattr(sys.modules[audit.__module__], "write_audit_report", lambda *_: None)


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    """Three parts of 8 images at two radii."""
    radii = ",".join(map(str, RADII))
    common = ["--quiet", "--json", "--batch-size", 2, "--threads", 1, "--radii", radii]
    return ["audit", "--data", images, "--network", f"{networks}:build", *common]


@pytest.fixture
def run(feint, plain_report) -> Callable[..., tuple[dict, RunFolder]]:
    """Run an audit that must succeed: its summary and its folder."""

    def call(*arguments: object) -> tuple[dict, RunFolder]:
        outcome = feint(*arguments)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        summary = json.loads(outcome.out)
        return summary, RunFolder.load(Path(summary["run"]["folder"]))

    return call


def test_the_digits(feint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from feint.experiments import victim

    monkeypatch.setattr(victim, "DIGIT_RECIPE", victim.training.Recipe(epochs=2, batch_size=50, learning_rate=4e-3))
    outcome = feint("audit", "--limit", 150, "--threads", 1, "--json")
    assert outcome.code == 0, outcome
    assert "images/s" in outcome.err
    summary = json.loads(outcome.out)
    clean, attacked = summary["clean"], summary["attacked"]
    assert set(clean) >= ENTRY
    assert [row["radius"] for row in attacked] == [0.01, 0.03, 0.1]
    assert clean["accuracy"] > 0.7
    for row in attacked:
        assert set(row) >= ATTACKED
        assert (row["accuracy"], row["kept"]) == (clean["accuracy"], 1.0)
        assert row["aurc"] > clean["aurc"]
        assert 0 < row["effective_radius"] <= row["radius"]
        assert row["gradients"] == 1
        assert row["queries"] >= 1
    assert clean["best_aurc"] <= clean["aurc"] < attacked[-1]["aurc"] <= clean["worst_aurc"]
    folder = Path(summary["run"]["folder"])
    page = (folder / "report.html").read_text()
    assert "<script src=" not in page
    assert {path.name for path in folder.glob("figures/*.png")} >= {"risk_coverage.png", "confidence.png"}
    again = feint("audit", "--limit", 150, "--threads", 1, "--quiet")
    assert (again.code, again.err) == (0, "")
    assert str(folder / "report.html") in again.out
    assert f"{1000 * clean['aurc']:.2f}" in again.out


def test_the_summary_follows_from_the_records(run, command):
    summary, folder = run(*command)
    table = folder.read()
    stages = [(summary["clean"], records.select(table, variant="clean"))]
    stages += [(row, records.select(table, variant="attacked", radius=row["radius"])) for row in summary["attacked"]]
    assert len(stages) == 3
    for row, rows in stages:
        assert rows.num_rows == 24
        column = {name: torch.tensor(rows.column(name).to_numpy()) for name in rows.column_names if name != "variant"}
        wrong = column["prediction"] != column["label"]
        doubt = column["measure:max_probability"]
        expected = {
            "aurc": metrics.aurc(doubt, wrong),
            "e_aurc": metrics.e_aurc(doubt, wrong),
            "augrc": metrics.augrc(doubt, wrong),
            "nll": metrics.nll(column["log_prob_label"]),
            "brier": float(column["brier"].mean()),
            "ece": metrics.ece(1 - doubt, ~wrong),
            "accuracy": 1 - float(wrong.double().mean()),
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-12)
        assert row.get("effective_radius", 0) == pytest.approx(float(column["accepted"].mean()))
        assert bool((column["measured"] <= row.get("radius", 0) + 6e-8).all())


def test_a_complete_run_is_read_and_fresh_recomputes(run, command, monkeypatch: pytest.MonkeyPatch):
    summary, folder = run(*command)
    calls: list[int] = []
    attack = Part.attack
    monkeypatch.setattr(Part, "attack", lambda *arguments: calls.append(1) or attack(*arguments))
    assert run(*command)[0] == summary
    assert calls == []
    again, other = run(*command, "--fresh")
    assert len(calls) == 3
    assert {**again, "run": 0} == {**summary, "run": 0}
    assert other.read().equals(folder.read())
    assert run(*command, "--radii", "0.02")[1].path != folder.path


def test_interrupted_then_resumed(feint, run, command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    whole = run(*command, "--out", tmp_path / "whole")[1]
    attack, calls = Part.attack, []

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return attack(*arguments)

    monkeypatch.setattr(Part, "attack", interrupted)
    outcome = feint(*command)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.startswith("feint: interrupted")
    assert outcome.err.count("\n") == 1
    (folder,) = (tmp_path / "feint-runs").iterdir()
    assert [path.name for path in folder.glob("records/*")] == ["part-00000.parquet"]
    resumed = run(*command)[1]
    assert len(calls) == 4  # the two that were left
    assert resumed.read().equals(whole.read())
    pictures = [np.load(each.path / "gallery.npz") for each in (resumed, whole)]
    assert all(np.array_equal(pictures[0][name], pictures[1][name]) for name in pictures[1].files)


def test_a_signal_to_a_process(images: Path, networks: Path, tmp_path: Path):
    """Ctrl-C as the system sends it, while a network takes its time."""
    slow = "\n\nclass Slow(Small):\n    def forward(self, images):\n        import time\n        time.sleep(0.2)\n"
    networks.write_text(networks.read_text() + slow + "        return super().forward(images)\n")
    arguments = ["--data", images, "--network", f"{networks}:Slow", "--batch-size", "2", "--quiet", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "feint", "audit", *map(str, arguments)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # A suite that runs in the background of a shell hands down a SIGINT that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("feint-runs/*/records/*.parquet")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("feint: interrupted")
    assert err.count("\n") == 1
    (folder,) = (tmp_path / "feint-runs").iterdir()
    assert json.loads((folder / "run.json").read_text())["state"] == "running"
    assert not list(folder.rglob("*.tmp"))


def test_a_cut_has_the_same_rows(run, command):
    whole, cut = run(*command)[1].read(), run(*command, "--limit", 10)[1].read()
    assert set(cut["sample"].to_pylist()) == set(range(10))
    for variant in records.VARIANTS:
        rows = [records.select(table, variant=variant).to_pylist() for table in (whole, cut)]
        kept = [row for row in rows[0] if row["sample"] < 10]
        order = lambda row: (row["radius"], row["sample"])  # noqa: E731
        assert sorted(kept, key=order) == sorted(rows[1], key=order)


def test_skipped_images_are_reported(run, feint, networks: Path, tmp_path: Path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "2.png").write_bytes(b"no picture")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"{index}.png,{index % 2}\n" for index in range(4)))
    command = ["audit", "--quiet", "--json", "--data", folder, "--network", f"{networks}:build", "--threads", 1]
    refused = feint(*command)
    assert refused.code == 2
    assert "2.png" in refused.err
    summary, _ = run(*command, "--on-error", "skip")
    assert summary["images"] == 3
    ((where, _),) = summary["skipped"]
    assert "2.png" in where


def test_per_class(run, command):
    summary, folder = run(*command)
    clean = records.select(folder.read(), variant="clean").to_pylist()
    assert sum(row["images"] for row in summary["classes"]) == 24
    for row in summary["classes"]:
        rows = [each for each in clean if each["label"] == row["label"]]
        right = [each["prediction"] == each["label"] for each in rows]
        assert row["images"] == len(rows)
        assert row["accuracy"] == pytest.approx(np.mean(right))
        assert row["confidence"] == pytest.approx(np.mean([1 - each["measure:max_probability"] for each in rows]))


def test_mc_dropout(run, command, networks: Path):
    stochastic = ["--network", f"{networks}:dropout", "--estimator", "mc-dropout", "--draws", 5, "--repeats", 2]
    at = command.index("--network")
    arguments = [*command[:at], *stochastic, *command[at + 2 :]]
    summary, folder = run(*arguments)
    assert summary["measure"] == "predictive_entropy"
    assert summary["clean"]["fresh"]["repeats"] == 2
    for row in summary["attacked"]:
        assert row["kept"] == 1.0  # under the attack's own masks
        assert row["fresh"]["repeats"] == 2
        assert 0 <= row["fresh"]["mean"]["kept"] <= 1
        assert set(row["fresh"]["mean"]) == set(row["fresh"]["std"]) >= ENTRY
    table = folder.read()
    assert set(records.select(table, variant="attacked")["repeat"].to_pylist()) == {0, 1, 2}
    assert {"measure:mutual_information", "measure:softmax_variance"} <= set(table.column_names)
    measured, _ = run(*arguments, "--measure", "mutual_information")
    assert measured["measure"] == "mutual_information"
    assert measured["clean"]["aurc"] != summary["clean"]["aurc"]


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_ensembles(run, command, networks: Path, average):
    summary, folder = run(*command, "--network", f"{networks}:other", "--average", average)
    assert all(row["kept"] == 1.0 for row in summary["attacked"])
    assert ("measure:mutual_information" in folder.read().column_names) == (average == "probability")
    assert "fresh" not in summary["clean"]


def test_an_ensemble_of_dropout_networks(run, command, networks: Path):
    at = command.index("--network")
    members = ["--network", f"{networks}:dropout", "--network", f"{networks}:dropout_other"]
    summary, _ = run(*command[:at], *members, *command[at + 2 :], "--estimator", "mc-dropout", "--draws", 3)
    assert all(row["kept"] == 1.0 for row in summary["attacked"])
    assert summary["clean"]["fresh"]["repeats"] == 3
