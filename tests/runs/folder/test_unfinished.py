"""Work that would be left behind without a word."""

import pytest

from feint.errors import StoreError
from feint.runs.folder import files
from feint.runs.folder.unfinished import check_unfinished

STATE = {"experiment": "toy", "settings": {"seed": 0}, "identity": {"images": "some", "begins as": "this"}}


@pytest.fixture
def other(tmp_path):
    """A run of the same settings on other images, that has begun."""
    place = tmp_path / "toy-0123456789"
    files.write_sealed(
        place / "run.json", {**STATE, "identity": {"images": "others", "begins as": "this"}, "state": "running"}
    )
    return place


@pytest.mark.parametrize("work", ["ledger/drawn/00.json", ".scratch/drawn/00/half"])
def test_work_of_either_kind_is_not_left_behind(tmp_path, other, work):
    check_unfinished(tmp_path / "toy-9876543210", STATE)
    (other / work).parent.mkdir(parents=True)
    (other / work).write_text("{}")
    with pytest.raises(StoreError, match="toy-0123456789 is unfinished, and was begun on other images by this command"):
        check_unfinished(tmp_path / "toy-9876543210", STATE)


@pytest.mark.parametrize("change", [{"state": "complete"}, {"settings": {"seed": 1}}, {"experiment": "other"}], ids=str)
def test_what_is_complete_or_of_another_command_is_no_hindrance(tmp_path, other, change):
    (other / "ledger").mkdir()
    (other / "ledger" / "entry.json").write_text("{}")
    files.write_sealed(other / "run.json", {**(files.read_sealed(other / "run.json") or {}), **change})
    if "experiment" in change:
        other.rename(tmp_path / "other-0123456789")
    check_unfinished(tmp_path / "toy-9876543210", STATE)
    check_unfinished(other, STATE)
