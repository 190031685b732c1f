import json
import shutil

import pytest

from feint.app.web.shelf import FRESH, Shelf
from feint.errors import StoreError
from feint.runs.folder import files


@pytest.fixture
def shelf(root, tmp_path):
    shutil.copytree(root / "runs", tmp_path / "runs")
    return Shelf(tmp_path / "runs")


def _later(shelf):
    shelf._listed = (-FRESH, ())
    return shelf.entries()


def test_a_run_is_told_by_its_folder(shelf):
    (entry,) = shelf.entries()
    assert (entry.experiment, entry.state, entry.data, entry.attack) == ("audit", "complete", "digits", "ace")
    assert entry.estimator == "softmax"
    summary = json.loads((shelf.path(entry.id) / "summary.json").read_text())
    assert entry.numbers["aurc"] == summary["clean"]["aurc"]
    assert entry.numbers["radius"] == 0.1
    assert entry.numbers["attacked_aurc"] == summary["attacked"][-1]["aurc"]
    clean, last = summary["clean"], summary["attacked"][-1]
    worth = 1 - clean["accuracy"] - clean["aurc"]
    assert entry.radii[-1].kept == pytest.approx((1 - last["accuracy"] - last["aurc"]) / worth)


def test_what_is_no_run_or_was_damaged_is_left_out(shelf):
    (entry,) = shelf.entries()
    (shelf.root / "notes.txt").write_text("mine")
    (shelf.root / "empty").mkdir()
    (shelf.root / "damaged").mkdir()
    (shelf.root / "damaged" / "run.json").write_text('{"experiment": "audit"}')
    shutil.copytree(shelf.root / entry.id, shelf.root / ".hidden")
    assert [each.id for each in _later(shelf)] == [entry.id]


def test_changes_are_seen_and_a_run_that_goes_is_gone(shelf):
    (entry,) = shelf.entries()
    before = shelf.signature(entry.id)
    state = files.read_sealed(shelf.path(entry.id) / "run.json")
    files.write_sealed(shelf.path(entry.id) / "run.json", {**state, "state": "running"})
    assert _later(shelf)[0].state == "incomplete"
    assert shelf.signature(entry.id) != before
    shutil.rmtree(shelf.root / entry.id)
    assert _later(shelf) == ()


@pytest.mark.parametrize("name", ["", "..", "../runs", ".workbench", "a/b", "a\\b", "a\0b", "none"])
def test_a_name_that_is_no_run_is_refused(shelf, name):
    with pytest.raises(StoreError, match="expected one of the store"):
        shelf.path(name)
