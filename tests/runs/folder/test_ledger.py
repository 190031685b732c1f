"""The run folder as a ledger: resumed, damaged, surplus, of other versions, begun afresh, held by somebody else."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feint.errors import SpecError, StoreError
from feint.runs.folder import files
from feint.runs.folder import ledger as ledgers
from feint.runs.folder.ledger import Ledger, run_id
from feint.runs.work import Found, Piece, Stage

from ..folders import DAMAGES, contents

SCHEMA = pa.schema([pa.field("sample", pa.int64())])
PIECES = [Piece(f"{at:02d}") for at in range(3)]
STAGE = Stage("some", PIECES, lambda *_: Found(), {"records": SCHEMA}, ["kept"])
STATE = {"experiment": "audit", "settings": {"seed": 0}, "identity": {}, "about": {}, "stages": ["some"], "command": ""}


def found(at):
    return Found({"records": pa.table({"sample": np.arange(at, at + 5)})}, {"kept": {"a": np.arange(at)}})


def filled(path, count=3):
    with Ledger.open(path, STATE) as ledger:
        for at in range(count):
            ledger.record(STAGE, PIECES[at], found(at))
    return path


def there(path, **values):
    with Ledger.open(path, STATE, **values) as ledger:
        return [ledger.has(STAGE, piece) for piece in PIECES], ledger.lost


def test_the_run_id_is_stable():
    settings = {"radii": [0.01, 0.1], "seed": 0}
    assert run_id("audit", settings, {"images": "abc"}) == "audit-e1ba94fd1b"
    assert run_id("audit", dict(reversed(settings.items())), {"images": "abc"}) == "audit-e1ba94fd1b"
    others = [("span", settings, {"images": "abc"}), ("audit", {**settings, "seed": 1}, {"images": "abc"})]
    others += [("audit", settings, {"images": "abd"}), ("audit", {**settings, "images": "abc"}, {})]
    assert len({run_id(*each)[-10:] for each in others[1:]} | {"e1ba94fd1b"}) == 4
    with pytest.raises(SpecError, match="JSON"):
        run_id("audit", {"radius": float("nan")}, {})


@pytest.mark.parametrize("name", ["", "../elsewhere", "a b", "-x", "a/b"])
def test_a_name_that_is_no_folder_name(name):
    with pytest.raises(SpecError, match="letters, digits"):
        run_id(name, {}, {})


def test_pieces_are_there_once_they_are_recorded(tmp_path):
    with Ledger.open(tmp_path / "deep" / "run", STATE) as ledger:
        assert [ledger.has(STAGE, piece) for piece in PIECES] == [False, False, False]
        ledger.record(STAGE, PIECES[1], found(1))
        assert [ledger.has(STAGE, piece) for piece in PIECES] == [False, True, False]
        assert ledger.state["state"] == "running"
        ledger.finish()
    assert there(tmp_path / "deep" / "run") == ([False, True, False], ["ledger/some/00.json", "ledger/some/02.json"])
    names = ["arrays/kept/01.npz", "ledger/some/01.json", "run.json", "tables/records/01.parquet"]
    assert list(contents(tmp_path / "deep" / "run")) == names
    state = json.loads((tmp_path / "deep" / "run" / "run.json").read_text())
    assert state["state"] == "complete"
    assert {**state, **STATE} == state
    assert state["versions"]["feint"]


def test_values_come_back_as_the_schema_says(tmp_path):
    with Ledger.open(tmp_path, STATE) as ledger:
        table = pa.table({"sample": pa.array([1, 2], pa.int8())})
        ledger.record(STAGE, PIECES[0], Found({"records": table}, {"kept": {}}))
    assert pq.read_table(tmp_path / "tables" / "records" / "00.parquet").schema.equals(SCHEMA)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Found(), r"stage some declares the tables \['records'\], and found \[\]"),
        (Found({"records": found(0).tables["records"]}), r"declares the arrays \['kept'\], and found \[\]"),
        (Found({"records": pa.table({"x": [1]})}, {"kept": {}}), r"table records expects \['sample'\], got \['x'\]"),
    ],
)
def test_what_a_stage_does_not_declare(tmp_path, result, message):
    with Ledger.open(tmp_path, STATE) as ledger, pytest.raises(StoreError, match=message):
        ledger.record(STAGE, PIECES[0], result)
    assert list(contents(tmp_path)) == ["run.json"]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["tables/records/01.parquet", "arrays/kept/01.npz", "ledger/some/01.json"])
def test_a_damaged_file_is_absent_and_named(tmp_path, name, damage):
    filled(tmp_path)
    with Ledger.open(tmp_path, STATE) as ledger:
        ledger.finish()
    whole = contents(tmp_path)
    damage(tmp_path / name)
    if name.startswith("ledger") and damage.__name__ == "truncated":
        assert there(tmp_path) == ([True, True, True], [])  # a line break more or less says nothing
        return
    assert there(tmp_path) == ([True, False, True], [name])
    with Ledger.open(tmp_path, STATE) as ledger:
        ledger.record(STAGE, PIECES[1], found(1))
    assert contents(tmp_path) == whole
    assert there(tmp_path) == ([True, True, True], [])


def test_a_file_of_another_size_is_absent_without_being_read(tmp_path, monkeypatch):
    filled(tmp_path)
    name = "tables/records/01.parquet"
    os.truncate(tmp_path / name, 3 << 30)  # takes no room on the disk, but seconds to read
    digest, read = files.hashlib.file_digest, []
    monkeypatch.setattr(
        files.hashlib, "file_digest", lambda file, *how: (read.append(file.name), digest(file, *how))[-1]
    )
    assert there(tmp_path) == ([True, False, True], [name])
    assert len(read) == 5
    assert str(tmp_path / name) not in read


def test_entries_of_folders_from_before_have_no_sizes(tmp_path):
    filled(tmp_path)
    for place in (tmp_path / "ledger" / "some").iterdir():
        files.write_sealed(place, {"files": files.read_entry(place)["files"], "skipped": [], "notes": {}})
    assert there(tmp_path) == ([True, True, True], [])


@pytest.mark.parametrize(
    "change", [{"versions": 3}, {"command": 3}, {"state": []}, {"about": 3}, {"stages": ["other"]}]
)
def test_a_state_that_a_stranger_sealed_is_written_anew(tmp_path, change):
    filled(tmp_path)
    before = contents(tmp_path)
    place = tmp_path / "run.json"
    files.write_sealed(place, {**files.read_sealed(place), **change})
    assert there(tmp_path) == ([True, True, True], ["run.json"])
    assert contents(tmp_path) == before


def test_what_a_strangers_state_says_of_versions_still_counts(tmp_path):
    filled(tmp_path, 1)
    place = tmp_path / "run.json"
    told = files.read_sealed(place)
    files.write_sealed(place, {**told, "about": {"a": 1}, "versions": {**told["versions"], "torch": "0.1"}})
    with pytest.raises(StoreError, match=r"was begun with torch 0\.1"):
        there(tmp_path)


@pytest.mark.parametrize("damage", DAMAGES[1:])
def test_a_damaged_state_is_written_anew(tmp_path, damage):
    filled(tmp_path)
    before = contents(tmp_path)
    damage(tmp_path / "run.json")
    assert there(tmp_path) == ([True, True, True], ["run.json"])
    assert contents(tmp_path) == before


def test_an_entry_without_its_files_counts_for_nothing(tmp_path):
    filled(tmp_path)
    other = Stage("some", PIECES, STAGE.compute, {"records": SCHEMA, "more": SCHEMA}, ["kept"])
    with Ledger.open(tmp_path, STATE) as ledger:
        assert ledger.has(STAGE, PIECES[0])
        assert not ledger.has(other, PIECES[0])


def test_surplus_pieces_are_forgotten_and_the_users_files_stay(tmp_path):
    filled(tmp_path)
    (tmp_path / "notes.txt").write_text("the user's own")
    fewer = Stage("some", PIECES[:2], STAGE.compute, STAGE.tables, STAGE.arrays)
    with Ledger.open(tmp_path, STATE) as ledger:
        ledger.record_derived("summary", {"summary.json": b"{}"})
        ledger.keep_only([fewer])
        assert [ledger.has(STAGE, piece) for piece in PIECES] == [True, True, False]
        assert ledger.has_derived("summary")
        ledger.keep_only([])
        assert not ledger.has(STAGE, PIECES[0])
    assert (tmp_path / "notes.txt").read_text() == "the user's own"


@pytest.mark.parametrize("complete", [True, False])
def test_fresh_leaves_nothing_that_was_computed(tmp_path, complete):
    filled(tmp_path)
    with Ledger.open(tmp_path, STATE) as ledger:
        ledger.record_derived("report", {"report.html": b"old", "figures/a.png": b"old"})
        ledger.scratch("some", "02").joinpath("half").write_text("half")
        if complete:
            ledger.finish()
    (tmp_path / "notes.txt").write_text("the user's own")
    assert there(tmp_path, fresh=True) == ([False, False, False], [])
    assert list(contents(tmp_path)) == ["notes.txt", "run.json"]
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "running"


@pytest.mark.parametrize("name", ["ledger", "ledger/some", "tables/records", "figures", "summary.json", ".scratch"])
def test_nothing_elsewhere_is_written_or_removed_through_a_link(tmp_path, name):
    run, other = tmp_path / "run", tmp_path / "the user's"
    filled(run)
    (other / "some").mkdir(parents=True)
    for place in (other / "notes.json", other / "some" / "notes.json"):
        place.write_text("{}")
    place = run / name
    if place.is_dir():
        shutil.rmtree(place)
    place.symlink_to(other, target_is_directory=True)
    with pytest.raises(StoreError, match=rf"{name}: expected a file or folder of the run's own, got a link; delete it"):
        Ledger.open(run, STATE)
    assert list(contents(other)) == ["notes.json", "some/notes.json"]
    place.unlink()
    with Ledger.open(run, STATE) as ledger:
        assert ledger.has(STAGE, PIECES[0]) == (name not in ("ledger", "ledger/some", "tables/records"))


def test_a_lock_that_is_a_link_is_not_taken(tmp_path):
    filled(tmp_path)
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot write"):
        Ledger.open(tmp_path, STATE)
    assert not (tmp_path / "elsewhere").exists()


def test_scratch_is_kept_until_its_piece_is_whole(tmp_path):
    with Ledger.open(tmp_path, STATE) as ledger:
        for name in ("00", "01"):
            (ledger.scratch("some", name) / "half").write_text(name)
    with Ledger.open(tmp_path, STATE) as ledger:
        assert (ledger.scratch("some", "00") / "half").read_text() == "00"
        ledger.record(STAGE, PIECES[0], found(0))
        assert not (tmp_path / ".scratch" / "some" / "00").exists()
        assert (ledger.scratch("some", "01") / "half").read_text() == "01"
        ledger.finish()
    assert not (tmp_path / ".scratch").exists()


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    filled(tmp_path)
    leftovers = [tmp_path / ".run.json.1.tmp", tmp_path / "tables" / "records" / ".00.parquet.1.tmp"]
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    assert there(tmp_path) == ([True, True, True], [])
    assert not any(leftover.exists() for leftover in leftovers)


@pytest.mark.parametrize("package", ["torch", "feint"])
def test_other_versions_numbers_are_not_mixed_in(tmp_path, monkeypatch, package):
    filled(tmp_path, 1)
    now = ledgers.versions()
    monkeypatch.setattr(ledgers, "versions", lambda: {**now, package: "0.0"})
    with pytest.raises(StoreError, match=rf"begun with {package} {now[package]} and this is 0.0.*--fresh"):
        Ledger.open(tmp_path, STATE)
    assert there(tmp_path, fresh=True) == ([False, False, False], [])


def test_other_versions_may_read_what_is_complete_or_begin_where_nothing_is(tmp_path, monkeypatch):
    filled(tmp_path / "complete")
    with Ledger.open(tmp_path / "complete", STATE) as ledger:
        ledger.finish()
    filled(tmp_path / "empty", 0)
    now = ledgers.versions()
    monkeypatch.setattr(ledgers, "versions", lambda: {**now, "torch": "0.0"})
    assert there(tmp_path / "complete") == ([True, True, True], [])
    assert there(tmp_path / "empty") == ([False, False, False], [])


HELD = """
import sys
from pathlib import Path
from feint.runs.folder.ledger import Ledger
ledger = Ledger.open(Path(sys.argv[1]), {"experiment": "audit"})
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_kept_out(tmp_path):
    command = [sys.executable, "-c", HELD, str(tmp_path / "a")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="another process is working on"):
            Ledger.open(tmp_path / "a", STATE)
        with pytest.raises(StoreError, match="another process is working on"):
            Ledger.open(tmp_path / "a", STATE, fresh=True)
        Ledger.open(tmp_path / "b", STATE).close()
        other.kill()
    Ledger.open(tmp_path / "a", STATE).close()


def test_a_dropped_ledger_gives_up_its_lock(tmp_path):
    ledger = Ledger.open(tmp_path, STATE)
    with pytest.raises(StoreError, match="another process"):
        Ledger.open(tmp_path, STATE)
    del ledger
    ledger = Ledger.open(tmp_path, STATE)
    ledger.close()
    ledger.close()
    Ledger.open(tmp_path, STATE).close()


def test_what_cannot_be_opened_gives_up_its_lock(tmp_path, monkeypatch):
    filled(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr(ledgers, "versions", lambda: {"feint": "0", "torch": "0"})
        with pytest.raises(StoreError, match="begun with"):
            Ledger.open(tmp_path, STATE)
    os.close(ledgers.files.locked(tmp_path))
