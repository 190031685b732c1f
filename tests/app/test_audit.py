"""`feint audit` through the command line: what it prints, keeps, resumes; numbers are tested with the experiment."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import warm

from feint import training
from feint.experiments.audit import AUDIT
from feint.experiments.audit.work import Audit
from feint.runs.run import Run
from feint.runs.runners import local
from feint.victims.loading import embedded

from .conftest import by_chance

pytestmark = pytest.mark.usefixtures("undrawn")
RADII = [0.01, 0.05]


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    """Three parts of 8 images at two radii."""
    radii = ",".join(map(str, RADII))
    common = ["--quiet", "--json", "--batch-size", 2, "--threads", 1, "--radii", radii]
    return ["audit", "--data", images, "--network", f"{networks}:build", *common]


@pytest.fixture
def run(feint, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, Any], Run]]:
    """Run an audit that must succeed: its summary and its folder. No report, which has tests of its own."""
    monkeypatch.setattr(local, "report_files", lambda _: {"report.html": b""})

    def call(*arguments: object, err: str = "") -> tuple[dict[str, Any], Run]:
        outcome = feint(*arguments)
        assert (outcome.code, outcome.err) == (0, err), outcome
        summary = json.loads(outcome.out)
        return summary, Run.load(Path(summary["run"]["folder"]), AUDIT)

    return call


def test_the_digits(feint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "RECIPE", training.Recipe(epochs=2, batch_size=50, learning_rate=4e-3))
    outcome = feint("audit", "--first", 150, "--threads", 1, "--json")
    assert outcome.code == 0, outcome
    assert "images/s" in outcome.err
    summary = json.loads(outcome.out)
    clean, attacked = summary["clean"], summary["attacked"]
    assert [row["radius"] for row in attacked] == [0.01, 0.03, 0.1]
    assert clean["accuracy"] > 0.7
    for row in attacked:
        assert (row["accuracy"], row["kept"]) == (clean["accuracy"], 1.0)
        assert row["aurc"] > clean["aurc"]
        assert 0 < row["effective_radius"] <= row["radius"]
        assert row["gradients"] == 1
        assert row["queries"] >= 1
    assert clean["best_aurc"] <= clean["aurc"] < attacked[-1]["aurc"] <= clean["worst_aurc"]
    folder = Path(summary["run"]["folder"])
    assert summary["run"]["command"] == "feint audit --first 150 --threads 1 --json"
    assert "<script src=" not in (folder / "report.html").read_text()
    monkeypatch.setattr(embedded, "trained_digit_network", None)  # a run that is there needs none
    again = feint("audit", "--first", 150, "--threads", 1, "--quiet")
    assert (again.code, again.err) == (0, "")
    assert again.out.endswith(f"\n\nreport: {folder / 'report.html'}\n")
    lines = [line.split() for line in again.out.splitlines()]
    table = {line[0]: line for line in lines if line and line[0] in ("clean", "0.01", "0.03", "0.1")}
    for row, name in zip((clean, *attacked), ("clean", "0.01", "0.03", "0.1"), strict=True):
        assert float(table[name][1]) == pytest.approx(1000 * row["aurc"], abs=0.0051)
        assert float(table[name][7]) == pytest.approx(100 * row["accuracy"], abs=0.0051)
    assert again.out.startswith("An attack that moved no pixel by more than ")


def test_a_complete_run_is_read_and_fresh_recomputes(run, command, monkeypatch: pytest.MonkeyPatch):
    summary, folder = run(*command)
    calls: list[int] = []
    attack = Audit._records
    monkeypatch.setattr(Audit, "_records", lambda *arguments: calls.append(1) or attack(*arguments))
    assert run(*command)[0] == summary
    assert calls == []
    again, other = run(*command, "--fresh")
    assert len(calls) == 3
    assert {**again, "run": 0} == {**summary, "run": 0}
    assert other.table("records").read().equals(folder.table("records").read())
    other = run(*command, "--radii", "0.02")[1]  # a list goes on with every flag
    assert other.settings.radii == (*RADII, 0.02)
    assert other.path != folder.path


def test_interrupted_then_resumed(feint, run, command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    whole = run(*command, "--out", tmp_path / "whole")[1]
    attack, calls = Audit._records, []

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return attack(*arguments)

    monkeypatch.setattr(Audit, "_records", interrupted)
    outcome = feint(*command)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.startswith("feint: interrupted")
    assert outcome.err.count("\n") == 1
    (folder,) = (tmp_path / "feint-runs").iterdir()
    assert [path.name for path in folder.glob("tables/records/*")] == ["00000.parquet"]
    resumed = run(*command)[1]
    assert len(calls) == 4  # the two that were left
    assert resumed.table("records").read().equals(whole.table("records").read())
    pictures = [each.arrays("gallery") for each in (resumed, whole)]
    assert pictures[0].keys() == pictures[1].keys()
    assert all(np.array_equal(pictures[0][name], pictures[1][name]) for name in pictures[1])


def test_a_signal_to_a_process(images: Path, networks: Path, tmp_path: Path):
    """Ctrl-C as the system sends it, while a network takes its time."""
    slow = "\n\nclass Slow(Small):\n    def forward(self, images):\n        import time\n        time.sleep(0.2)\n"
    networks.write_text(networks.read_text() + slow + "        return super().forward(images)\n")
    arguments = ["--data", images, "--network", f"{networks}:Slow", "--batch-size", "2", "--quiet", "--threads", "1"]
    command = [sys.executable, "-m", "feint", "audit", *map(str, arguments)]
    with (tmp_path / "out").open("w") as stdout, (tmp_path / "err").open("w") as stderr:
        process = warm.Popen(command, cwd=tmp_path, stdout=stdout, stderr=stderr)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("feint-runs/*/ledger/audit/*.json")):
        assert process.poll() is None, (tmp_path / "err").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, out, err = process.wait(), *((tmp_path / name).read_text() for name in ("out", "err"))
    assert (code, out) == (130, "")
    assert err.startswith("feint: interrupted")
    assert err.count("\n") == 1
    (folder,) = (tmp_path / "feint-runs").iterdir()
    assert json.loads((folder / "run.json").read_text())["state"] == "running"
    assert not list(folder.rglob("*.tmp"))


def test_how_to_attack_is_said_in_one_word(run, command, networks: Path):
    word = "iterative-ace:steps=3,momentum=0.5,goal=steer,target=1,measure=margin,search=backtracking,search.decay=0.25"
    told = ["--attack", f"{word},search.tries=4,search.accept=best", "--proxy-average", "logit", "--any-label"]
    told += ["--proxy", f"{networks}:other", "--proxy", f"{networks}:dropout", "--truth", f"{networks}:other"]
    _, folder = run(*command, *told, "--baseline", "none")
    attack, knowledge = folder.settings.attack.plain(), folder.settings.knowledge
    search = {"name": "backtracking", "decay": 0.25, "tries": 4, "accept": "best"}
    expected = {
        "name": "iterative-ace", "radii": RADII, "goal": "steer", "measure": "margin", "target": [1], "steps": 3,
        "momentum": 0.5, "search": search, "norm": "linf",
    }  # fmt: skip
    assert {name: attack[name] for name in expected} == expected
    assert [proxy.short for proxy in knowledge.proxies] == ["other", "dropout"]
    assert (knowledge.truth.short, knowledge.proxy_average, knowledge.any_label) == ("other", "logit", True)
    assert not knowledge.indirect


def test_settings_may_lie_in_a_file(run, command, tmp_path: Path):
    (tmp_path / "search.yaml").write_text("{name: bisection, tolerance: 1/1000}\n")
    told = ["--attack", f"ace:search=@{tmp_path / 'search.yaml'}", "--radii", "4/255,8/255"]
    _, folder = run(*command[:-2], *told)
    assert folder.settings.attack.settings["search"] == {"name": "bisection", "tolerance": 1e-3}
    assert folder.settings.radii == (4 / 255, 8 / 255)


def test_members_in_the_order_of_their_flags(run, command, networks: Path):
    _, folder = run(*command, "--network", f"{networks}:other", "--average", "logit", err=by_chance(1 / 3))
    victim = folder.settings.victim
    assert [network.short for network in victim.networks] == ["build", "other"]
    assert victim.average == "logit"
    assert folder.about["victim"] == f"ensemble of {networks}:build, {networks}:other"
