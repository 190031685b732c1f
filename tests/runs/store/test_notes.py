"""Notes: what a run leaves, and what becomes of it; a store that cannot be written costs a line and no run."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from feint.runs.store import notes, place
from feint.runs.store.store import Store


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("FEINT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FEINT_DATABASE_URL", raising=False)
    monkeypatch.setattr(notes, "_warned", set())


def test_a_note_is_taken_in_once(address, write_run, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "shared", lambda: False)
    running = write_run(state="running")
    notes.leave(running)
    assert notes.waiting()
    with Store.open(address) as store:
        assert store.runs() == []
        assert store.take_in() == 1
        assert not notes.waiting()
        assert store.take_in() == 0
        (run,) = store.runs()
        assert (run.folder, run.cwd, run.state) == (str(running), os.getcwd(), "interrupted")
        write_run()
        notes.leave(running, ended=True)
        store.refresh()
        (run,) = store.runs()
        assert (run.state, run.cwd) == ("complete", os.getcwd())
        store.rescan(tmp_path / "feint-runs")
        assert store.runs() == [run]  # which does not know where the command was given, and leaves what is known


def test_a_run_that_ended_without_a_word_is_looked_at_again(address, write_run):
    with Store.open(address) as store:
        store.register(write_run(state="running"))
        write_run()
        store.refresh()
        assert store.find("audit-0000000001").state == "complete"
        gone = write_run("audit-gone", state="running")
        store.register(gone)
        (gone / "run.json").unlink()
        store.refresh()
        assert [run.id for run in store.runs()] == ["audit-0000000001"]


def test_notes_of_runs_that_are_gone_or_no_notes_at_all(address, write_run, tmp_path):
    place.inbox().mkdir(parents=True)
    (place.inbox() / "x.json").write_text("{")
    (place.inbox() / "y.json").write_text('{"folder": 3}')
    notes._write(notes.Note(str(tmp_path / "gone"), ""))
    notes._write(notes.Note(str(write_run()), ""))
    with Store.open(address) as store:
        assert store.take_in() == 1
        assert not notes.waiting()


def test_notes_stay_where_the_store_cannot_be_written(address, write_run):
    notes._write(notes.Note(str(write_run()), ""))
    with Store.open(address) as store:
        with store.database.writing(), Store.open(address) as other:
            other.refresh()
            assert notes.waiting()
        store.refresh()
        assert not notes.waiting()
        assert store.count() == 1


def test_each_store_has_notes_of_its_own(monkeypatch):
    here = place.inbox()
    monkeypatch.setenv("FEINT_DATABASE_URL", "sqlite:////tmp/other.sqlite")
    assert place.inbox() != here
    assert not place.shared()
    monkeypatch.setenv("FEINT_DATABASE_URL", "postgresql://x/y")
    assert place.shared()


def test_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("FEINT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert place.database_url() == f"sqlite:///{tmp_path / 'feint' / 'store.sqlite'}"


def test_a_store_that_cannot_be_written_is_one_line(write_run, capsys, tmp_path):
    (tmp_path / "home").write_text("a file")
    folder = write_run()
    notes.leave(folder)
    notes.leave(folder, ended=True)  # and is not said twice
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"feint: warning: the store has no word of {folder} (")
    assert line.endswith(f"later: feint runs --rescan {folder.parent}")


def test_what_it_says_can_be_pasted_and_names_a_place(capsys, tmp_path, monkeypatch):
    """A full disk names no file."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    notes.leave(tmp_path / "$(touch it)" / "audit-0123456789")
    (line,) = capsys.readouterr().err.splitlines()
    assert f"(No space left on device: {place.inbox()})" in line
    assert line.endswith(f"later: feint runs --rescan '{tmp_path}/$(touch it)'")


def test_a_server_that_is_gone_is_one_line_too(write_run, capsys, monkeypatch):
    monkeypatch.setenv("FEINT_DATABASE_URL", "postgresql://user:secret@127.0.0.1:9/x")
    notes.leave(write_run(), ended=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be read" in line
    assert "secret" not in line
    assert notes.waiting()


def test_where_others_look_a_run_registers_itself(server, write_run, monkeypatch, request):
    request.getfixturevalue("_emptied")
    monkeypatch.setenv("FEINT_DATABASE_URL", server)
    notes.leave(write_run(), ended=True)
    assert not notes.waiting()
    with Store.open(server) as store:
        assert store.count() == 1


@pytest.fixture
def _emptied(server):
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def test_leaving_a_note_is_cheap_and_needs_no_database(write_run, tmp_path):
    folder = write_run()
    code = """
import sys, time, json
from pathlib import Path
import dataclasses, feint.runs.folder.files  # which every run has
start = time.process_time()
from feint.runs.store import notes
notes.leave(Path(sys.argv[1]))
notes.leave(Path(sys.argv[1]), ended=True)
spent = time.process_time() - start
print(json.dumps([spent, sorted({"sqlalchemy", "alembic", "sqlite3", "duckdb", "pydantic"} & set(sys.modules))]))
"""
    spent = []
    for _ in range(3):
        home = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
        home.pop("FEINT_HOME")
        done = subprocess.run(
            [sys.executable, "-c", code, folder], env=home, capture_output=True, text=True, check=True
        )
        seconds, heavy = json.loads(done.stdout)
        assert (heavy, done.stderr) == ([], "")
        spent.append(seconds)
    assert min(spent) < 0.05
    assert len(list((tmp_path / "feint" / "inbox").rglob("*.json"))) == 1


def test_thousands_of_notes(address, write_run):
    if address.startswith("postgresql"):
        pytest.skip("the same code; one database shows it")
    folder = write_run()
    for at in range(2000):
        notes._write(notes.Note(f"{folder}/gone-{at}", ""))
    start = time.process_time()
    with Store.open(address) as store:
        assert store.take_in() == 0
    assert time.process_time() - start < 5
    assert list(Path(place.inbox()).iterdir()) == []
