"""Programs from files run only if the user has named them, or has said so: docs/security.md."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from feint.app.cli import main
from feint.errors import SpecError
from feint.networks import load
from feint.runs.programs import is_program

pytestmark = pytest.mark.usefixtures("undrawn")
RAN = "open({!r}, 'w').close()\n"


@pytest.fixture
def trained(feint, images: Path, networks: Path, tmp_path: Path) -> Path:
    """The folder of victims with one from a user's own file."""
    other, drawn = tmp_path / "other.npz", np.random.default_rng(1)
    np.savez(other, images=drawn.integers(0, 256, (12, 8, 8), dtype=np.uint8), labels=drawn.integers(0, 3, 12))
    train = ["train", "mine", "--network", f"{networks}:build", "--data", images, "--test-data", other]
    outcome = feint(*train, "--epochs", 1, "--quiet", "--threads", 1)
    assert outcome.code == 0, outcome
    return tmp_path / "feint-victims"


def test_a_card_from_a_stranger_does_not_run_its_file(feint, trained: Path, images: Path, tmp_path: Path):
    card = trained / "mine" / "card.json"
    told = json.loads(card.read_text())
    (trained / "mine" / "x.py").write_text(
        RAN.format(str(tmp_path / "it-ran")) + (tmp_path / "networks.py").read_text()
    )
    card.write_text(json.dumps({**told, "network": {"name": "x.py:build"}}))
    for command in (["audit"], ["attack", "fgsm", "--radii", 0.1], ["detect"], ["span"]):
        outcome = feint(*command, "--victim", "mine", "--data", images, "--quiet")
        assert (outcome.code, outcome.out) == (2, ""), command
        assert "the card of 'mine': expected --allow-code" in outcome.err
        assert "x.py:build" in outcome.err
    assert not (tmp_path / "it-ran").exists()
    allowed = feint("audit", "--victim", "mine", "--data", images, "--quiet", "--allow-code", "--radii", 0.1)
    assert allowed.code == 0, allowed
    assert (tmp_path / "it-ran").exists()


def test_your_own_victim_works_from_any_folder(feint, trained: Path, images: Path, tmp_path: Path, monkeypatch):
    assert json.loads((trained / "mine" / "card.json").read_text())["network"]["name"] == "../../networks.py:build"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    outcome = feint("audit", "--victim", "mine", "--victims", trained, "--data", images, "--quiet", "--radii", 0.1)
    assert outcome.code == 0, outcome


@pytest.mark.parametrize("change", ["edited", "copied", "another function", "another user", "a folder here", "removed"])
def test_only_what_was_trained_on_runs_again(
    feint, trained: Path, images: Path, networks: Path, tmp_path: Path, monkeypatch, change: str
):
    card = trained / "mine" / "card.json"
    told = json.loads(card.read_text())
    match change:
        case "edited":
            networks.write_text(RAN.format(str(tmp_path / "it-ran")) + networks.read_text())
        case "copied":
            (trained / "mine" / "networks.py").write_bytes(networks.read_bytes())
            card.write_text(json.dumps({**told, "network": "networks.py:build"}))
        case "another function":
            card.write_text(json.dumps({**told, "network": "../../networks.py:fails"}))
        case "another user":
            monkeypatch.setenv("FEINT_HOME", str(tmp_path / "another"))
        case "a folder here":  # that brings notes of its own
            (tmp_path / "here").mkdir()
            (tmp_path / "here" / "feint").symlink_to(os.environ["FEINT_HOME"])
            monkeypatch.delenv("FEINT_HOME")
            monkeypatch.setenv("XDG_DATA_HOME", "here")
            monkeypatch.setenv("HOME", str(tmp_path / "another"))
        case _:
            networks.unlink()
    outcome = feint("audit", "--victim", "mine", "--data", images, "--quiet", "--radii", 0.1)
    assert (outcome.code, outcome.out) == (2, "")
    assert "the card of 'mine': expected --allow-code" in outcome.err
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("program", ["net.py:build", "net.pt2"])
@pytest.mark.parametrize("place", ["victim", "proxies", "attack"])
def test_a_yaml_file_does_not_run_what_it_names(feint, images: Path, tmp_path: Path, program: str, place: str):
    (tmp_path / "net.py").write_text(RAN.format(str(tmp_path / "it-ran")))
    (tmp_path / "net.pt2").write_bytes(b"")
    words = {
        "victim": {"victim": {"networks": [program]}},
        "proxies": {"victim": "digits-net", "knowledge": {"proxies": [program]}},
        "attack": {"attack": program.replace(".pt2", ".py:build")},
    }
    (tmp_path / "all.yaml").write_text(json.dumps({"experiment": "audit", "data": str(images), **words[place]}))
    outcome = feint("run", "all.yaml", "--quiet")
    assert (outcome.code, outcome.out) == (2, "")
    assert "all.yaml: expected --allow-code (in Python: allow_code=True) to run a program" in outcome.err
    assert not (tmp_path / "it-ran").exists()
    assert not (tmp_path / "feint-runs").exists()
    if place != "victim":
        return
    feint("run", "all.yaml", "--quiet", "--allow-code")
    assert (tmp_path / "it-ran").exists() == program.endswith("build")


def test_an_exported_program_is_not_read_unless_that_is_said(feint, images: Path, tmp_path: Path, monkeypatch):
    def ran(*_: object) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(torch.export, "load", ran)
    (tmp_path / "net.pt2").write_bytes(b"any")
    for flag in ("--network", "--proxy", "--truth"):
        outcome = feint("audit", "--data", images, flag, "net.pt2", "--quiet")
        assert outcome.code == 2
        assert "expected --allow-code" in outcome.err
    with pytest.raises(ValueError, match="expected --allow-code"):
        load(str(tmp_path / "net.pt2"))


def test_python_has_the_same_rule(trained: Path, images: Path, networks: Path):
    import feint as library

    networks.write_text(networks.read_text() + "# edited")

    with pytest.raises(SpecError, match="the card of 'mine': expected --allow-code"):
        library.run("audit", victim="mine", data=str(images))
    found = library.audit("mine", str(images), radii=[0.1], allow_code=True, threads=1)
    assert found.summary["images"] == 24


@pytest.mark.parametrize("name", ["a.py:f", "a.py", "x/a.py:f", "a.pt2", "two\nlines.py:f", "a.py:"])
def test_programs(name: str):
    assert is_program(name)


def test_nothing_is_imported_from_the_folder_that_feint_is_called_in(images: Path, networks: Path, tmp_path: Path):
    (called_in := tmp_path / "here").mkdir()
    for name in ("types", "json", "socket", "signal", "pickle", "struct", "multiprocessing", "numpy", "torch"):
        (called_in / f"{name}.py").write_text(RAN.format(str(tmp_path / "it-ran")))
    # As its script is called; a worker is a process of its own, and those of others ask the environment.
    call = [sys.executable, "-P", "-m", "feint", "audit", "--data", images, "--network", f"{networks}:build"]
    call += ["--runner", "processes", "--workers", "1", "--batch-size", "2", "--radii", "0.1", "--threads", "1"]
    done = subprocess.run(
        [*call, "--quiet"],
        cwd=called_in,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "report" in done.stdout) == (0, True), done
    assert not (tmp_path / "it-ran").exists()
    probe = "import os; from feint.app.cli import main; main(['--version']); os.system('python3 -c \"import json\"')"
    subprocess.run([sys.executable, "-P", "-c", probe], cwd=called_in, check=True, capture_output=True)
    assert not (tmp_path / "it-ran").exists()


def test_names_from_files_do_not_steer_the_terminal(capfd, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feint-victims" / "\x1b]0;owned\x07").mkdir(parents=True)
    (tmp_path / "feint-victims" / "\x1b]0;owned\x07" / "card.json").write_text("{}")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "l.csv").write_text('file,label\n"\x1b]0;PWN\x07\nx.png",0\n')
    (tmp_path / "two\n\x1b[31mlines.yaml").write_text("experiment: \x1b[2J")
    for arguments in (
        ["audit", "--victim", "nobody"],
        ["audit", "--data", "c"],
        ["run", "two\n\x1b[31mlines.yaml"],
        ["audit", "--network", "\x1b[31m.py:f"],
        ["\x1b[31m"],
        ["audit", "--\x1b[31m"],
        ["report", "\x1b[31m\n"],
    ):
        assert main(arguments) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err.endswith("\n")
        assert err[:-1].isprintable(), arguments


def test_results_do_not_steer_the_terminal(capfd):
    from feint.app.output import say

    say("one\ttab\u2009thin \x1b[31mred\x07\nnext")
    assert capfd.readouterr().out == "one     tab\u2009thin \\x1b[31mred\\x07\nnext\n"


def test_the_page_names_tests_that_there_are():
    import re

    root = Path(__file__).parents[2]
    page = (root / "docs" / "security.md").read_text()
    rows = [line for line in page.splitlines() if "](../tests/" in line]
    assert len(rows) >= 12
    for row in rows:
        files = re.findall(r"\]\(\.\./(tests/[^)]+)\)", row)
        code = "\n".join((root / file).read_text() for file in files)
        for name in re.findall(r"`(test_\w+)`", row):
            assert f"def {name}(" in code, name
