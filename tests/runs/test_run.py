"""A run as its readers see it, and what is none."""

import json

import numpy as np
import pytest

from feint.errors import StoreError
from feint.runs.experiment import Experiment
from feint.runs.run import Run, read_state

from .folders import halved
from .toy import TOY, ToySettings


def test_what_readers_see(toy):
    run = Run.load(toy(seed=3).folder, TOY)
    assert run.settings == ToySettings(seed=3, threads=1, batch_size=4)
    assert run.about == {"classes": ["one"]}
    assert (run.id, run.command) == (run.path.name, "")
    assert run.skipped == [["a place", "a reason"]]  # once, though two pieces came across it
    assert [note["number"] for note in run.notes("drawn")] == [0, 1, 2]
    assert run.pieces("kept") == ["00", "01", "02"]
    values = run.table("drawn").column("value")
    assert np.array_equal(run.arrays("kept", "01")["half"], values[3:6] / 2)
    assert run.table("drawn").read().column("piece").to_pylist() == 3 * ["00"] + 3 * ["01"] + 3 * ["02"]
    assert run.children == {}
    assert run.head.items() >= {"id": run.id, "folder": str(run.path), "command": ""}.items()
    assert run.head["torch"] == run.versions["torch"]
    assert run.facts["seed"] == "3"
    assert run.facts["device, threads, batch size"] == "cpu, 1, 4"
    assert run.facts["run"] == run.id


def test_arrays_of_a_name_are_of_one_piece(toy):
    run = Run.load(toy().folder, TOY)
    for arguments in (("kept",), ("kept", "09"), ("nothing",)):
        with pytest.raises(StoreError, match=r"expected one file of arrays .*; run the same command again"):
            run.arrays(*arguments)
    halved(run.path / "arrays" / "kept" / "01.npz")
    with pytest.raises(StoreError, match=r"01\.npz cannot be read: .*; run again to make it anew"):
        run.arrays("kept", "01")


def test_no_run_there(tmp_path):
    with pytest.raises(StoreError, match=r"is not a run folder: it has no run\.json"):
        Run.load(tmp_path, TOY)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"state": "complete"}'])
def test_a_state_that_describes_no_run(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(StoreError, match=r"run\.json was damaged; run the command again"):
        read_state(tmp_path)


def test_another_experiments_run(toy):
    with pytest.raises(StoreError, match="expected a run of other, got one of toy"):
        Run.load(toy().folder, Experiment("other", ToySettings, TOY.home))


def test_an_incomplete_run_says_how_to_go_on(toy, monkeypatch):
    monkeypatch.setattr("feint.runs.folder.ledger.Ledger.finish", lambda self: None)
    folder = toy().folder
    assert json.loads((folder / "run.json").read_text())["state"] == "running"
    with pytest.raises(StoreError, match="is incomplete; the same command goes on with it"):
        Run.load(folder, TOY)
