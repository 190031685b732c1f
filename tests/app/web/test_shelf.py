import json
import shutil

import pytest

from feint.app.web.shelf import FRESH, Shelf
from feint.errors import StoreError
from feint.runs.folder import files

pytestmark = pytest.mark.usefixtures("plain_report")


@pytest.fixture
def shelf(root, tmp_path):
    shutil.copytree(root / "runs", tmp_path / "runs")
    return Shelf(tmp_path / "runs")


def _later(shelf):
    shelf._listed = (-FRESH, shelf._listed[1])
    return shelf.entries()


def test_a_run_is_told_by_its_folder(shelf):
    (entry,) = shelf.entries()
    assert (entry.experiment, entry.state, entry.data, entry.attack) == ("audit", "complete", "digits", "ace")
    assert (entry.estimator, entry.measure, entry.images) == ("softmax", "max_probability", 40)
    assert len(entry.protocol) == 10
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


def test_runs_lie_in_several_folders_that_the_store_knows(shelf, tmp_path):
    (entry,) = shelf.entries()
    elsewhere, other = tmp_path / "elsewhere", shelf.root / entry.id
    for name in (entry.id, "audit-0123456789"):
        shutil.copytree(other, elsewhere / name)
    places = [elsewhere / entry.id, elsewhere / "audit-0123456789", tmp_path / "gone" / "audit-9"]
    shelf = Shelf(shelf.root, lambda: places)
    assert {each.id: each.folder for each in shelf.entries()} == {
        entry.id: str(shelf.root),  # the folder's own, of two that are the same
        "audit-0123456789": str(elsewhere),
    }
    assert shelf.path("audit-0123456789") == elsewhere / "audit-0123456789"
    shutil.rmtree(other)
    assert len(_later(shelf)) == 2
    assert shelf.path(entry.id) == elsewhere / entry.id
    shutil.rmtree(elsewhere / "audit-0123456789")  # folders are the truth, whatever the store says
    assert [each.id for each in _later(shelf)] == [entry.id]
    with pytest.raises(StoreError, match="expected one of the store"):
        shelf.path("audit-0123456789")


def test_a_run_made_elsewhere_is_on_the_desk(desk, tmp_path):
    from feint.app.cli import main

    assert main(["attack", "random-signs", "--limit", "5", "--radii", "0.1", "--quiet", "--out", str(tmp_path)]) == 0
    (made,) = tmp_path.glob("attack-*")
    assert made.name in {each.id for each in _later(desk.shelf)}
    assert desk.shelf.path(made.name) == made


def test_a_summary_of_anything_is_no_reason_to_fail(shelf):
    (entry,) = shelf.entries()
    for content in ("[]", "{", '{"clean": 3, "attacked": [1, {"radius": "x"}]}', '{"clean": {"aurc": NaN}}'):
        (shelf.path(entry.id) / "summary.json").write_text(content)
        (found,) = _later(shelf)
        assert found.radii == ()
