"""The local runner: stages, pieces, children, delivery, bars, and whatever is damaged made again."""

import dataclasses
import errno
import os
import shutil
import sys
from importlib import import_module
from random import Random

import numpy as np
import pytest
from tests.app.changed import change

from feint.errors import FeintError, StoreError
from feint.reports import Report
from feint.runs.experiment import Experiment
from feint.runs.machine import Machine
from feint.runs.runners import local
from feint.runs.work import Child, Children, Work

from ..folders import DAMAGES, contents
from ..toy import TOY, ToySettings, calls

ALL = ["drawn/00", "drawn/01", "drawn/02", "squared/squared", "deliver", "summary", "report"]
work = import_module(f"{TOY.home}.work")


@pytest.fixture
def whole(toy):
    """A run that is there, and its files."""
    result = toy()
    found = result.folder, contents(result.folder)
    calls.clear()
    return found


def test_everything_once_in_order(toy):
    result = toy()
    assert calls == ALL
    values = result.run.table("drawn").column("value")
    expected = [np.random.default_rng((0, at)).random(3) for at in range(3)]
    assert np.array_equal(values, np.concatenate(expected))
    assert result.summary == {
        "run": result.run.head,
        "sum": float((values**2).sum()),
        "pieces": ["00", "01", "02"],
        "skipped": [["a place", "a reason"]],
    }
    again = toy()
    assert calls == ALL
    assert again.summary == result.summary
    assert not (result.folder / ".scratch").exists()


@pytest.mark.parametrize("stop", range(4))
def test_an_interrupted_run_goes_on(toy, whole, monkeypatch, stop):
    folder, files = whole
    shutil.rmtree(folder)
    drawn = work.drawn

    def interrupted(*arguments):
        if len(calls) == stop:
            raise KeyboardInterrupt
        return drawn(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(work, "drawn", interrupted)
        patch.setattr(work, "squared", lambda *_: interrupted() if stop == 3 else None)
        with pytest.raises(KeyboardInterrupt):
            toy()
    assert calls == ALL[:stop]
    assert toy().run.experiment is TOY
    assert calls == ALL
    assert contents(folder) == files


MADE_OF = {
    "tables/drawn/01.parquet": ["drawn/01"],
    "arrays/kept/02.npz": ["drawn/02"],
    "ledger/drawn/00.json": ["drawn/00"],
    "tables/squared/squared.parquet": ["squared/squared"],
    "ledger/squared/squared.json": ["squared/squared"],
    "delivered.json": ["deliver"],
    "ledger/derived/delivered.json": ["deliver"],
    "summary.json": ["summary"],
    "ledger/derived/summary.json": ["summary"],
    "report.html": ["report"],
    "figures/points.svg": ["report"],
    "ledger/derived/report.json": ["report"],
    "run.json": [],
}


def test_the_damages_below_are_of_every_file(whole):
    others = {"arrays/kept/00.npz", "arrays/kept/01.npz", "tables/drawn/00.parquet", "tables/drawn/02.parquet"}
    assert set(whole[1]) == {*MADE_OF, *others, "ledger/drawn/01.json", "ledger/drawn/02.json"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", MADE_OF)
def test_what_was_damaged_is_named_and_exactly_that_is_made_again(toy, whole, capsys, name, damage):
    folder, files = whole
    damage(folder / name)
    toy()
    error = capsys.readouterr().err
    if damage.__name__ == "truncated" and name.endswith(".json") and ("ledger" in name or name == "run.json"):
        assert (calls, error) == ([], "")  # sealed, and without its last line break as good as with it
        return
    assert calls == MADE_OF[name]
    assert contents(folder) == files
    assert error == f"feint: made again in {folder}: {name}\n"
    calls.clear()
    toy()
    assert (calls, capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize("name", MADE_OF)
def test_what_stands_in_a_files_place_is_named_and_may_be_deleted(toy, whole, name):
    folder, files = whole
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(StoreError, match=rf"^cannot write {folder}/{name}: Is a directory; delete it, and run again$"):
        toy()
    (folder / name).rmdir()
    toy()
    assert contents(folder) == files


def test_of_a_folder_that_a_stranger_has_sealed_nothing_but_one_line_comes_out(toy, whole):
    folder, _ = whole
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    rng, codes = Random(0), []
    for at in range(60):
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        names = sorted(folder.rglob("*.json"))
        change(names[at % len(names)], rng)
        try:
            toy()
        except FeintError as error:
            codes.append(str(error))
        else:
            codes.append("")
    assert codes.count("") > 30


def test_several_losses_are_all_named(toy, whole, capsys):
    folder, files = whole
    for name in ("tables/drawn/01.parquet", "arrays/kept/01.npz", "summary.json"):
        (folder / name).unlink()
    toy()
    assert calls == ["drawn/01", "summary"]
    assert contents(folder) == files
    expected = "tables/drawn/01.parquet, arrays/kept/01.npz, summary.json"
    assert capsys.readouterr().err == f"feint: made again in {folder}: {expected}\n"


def test_a_piece_is_lost_before_the_run_is_complete(toy, whole, capsys, monkeypatch):
    folder, files = whole
    shutil.rmtree(folder)
    with monkeypatch.context() as patch:
        patch.setattr(work, "squared", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            toy()
    (folder / "tables" / "drawn" / "01.parquet").write_bytes(b"")
    calls.clear()
    toy()
    assert calls == ["drawn/01", *ALL[3:]]
    assert contents(folder) == files
    assert "made again" in capsys.readouterr().err


def test_fresh_computes_all_again(toy, whole):
    toy(fresh=True)
    assert calls == ALL
    assert contents(whole[0]) == whole[1]


def test_what_outlives_a_run_is_delivered_wherever_it_is_wanted(toy, whole, tmp_path, capsys):
    card = tmp_path / "victims" / "place" / "card"
    assert card.read_bytes() == b"a card"
    card.write_bytes(b"another")
    toy()
    assert calls == ["deliver"]
    assert card.read_bytes() == b"a card"
    assert capsys.readouterr().err == f"feint: made again in {whole[0]}: {card}\n"
    toy(victims="elsewhere")
    assert (tmp_path / "elsewhere" / "place" / "card").read_bytes() == b"a card"
    assert calls == ["deliver", "deliver"]
    assert capsys.readouterr().err == ""


def test_other_settings_are_another_run(toy):
    folders = {toy(**values).folder for values in ({}, {"seed": 1}, {"rows": 2}, {"pieces": 1}, {"batch_size": 2})}
    assert len(folders) == 5
    assert toy().folder in folders
    assert toy(batch_size=4).folder == toy().folder  # what it comes to by itself


def test_bars_count_pieces_and_are_closed(toy, monkeypatch, capsys):
    drawn = work.drawn

    def interrupted(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        return drawn(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(work, "drawn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            toy(progress=True)
    shown = capsys.readouterr().err
    assert "drawn:" in shown
    assert "6/9" in shown
    assert shown.endswith("\n")
    toy(progress=True)
    shown = capsys.readouterr().err
    assert "9/9" in shown
    assert "squared" not in shown  # of a single piece
    toy()
    assert capsys.readouterr().err == ""


def test_what_cannot_be_written_is_said_before_anything_is_computed(tmp_path, toy):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(StoreError, match=r"^cannot write .*runs/toy-.*: Not a directory"):
        toy()
    assert calls == []


def test_a_full_disk_leaves_whole_pieces(toy, whole, monkeypatch):
    folder, files = whole
    shutil.rmtree(folder)
    fsync, count = os.fsync, []

    def full(descriptor):
        count.append(1)
        if len(count) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left on device"):
            toy()
    computed = len(calls)
    assert 0 < computed < len(ALL)
    toy()
    assert calls[computed:] == ALL[computed - 1 :]  # what was not recorded, once more
    assert contents(folder) == files


def test_another_process_works_on_what_is_delivered(toy, tmp_path):
    lock = local.files.locked(tmp_path / "victims" / ".locks" / "place")
    with pytest.raises(StoreError, match=r"another process is working on .*place"):
        toy()
    os.close(lock)
    toy()


@pytest.fixture
def parent(monkeypatch):
    """An experiment of two toys."""

    class Parent:
        @staticmethod
        def prepare(settings, machine):
            runs = {f"seed {seed}": Child(TOY, settings.but(seed=seed)) for seed in (1, 2)}
            return Work(machine.settled(settings, (1, 2, 2), 4), {}, {}, [Children("toys", runs)])

        @staticmethod
        def summarise(run):
            return {name: child["sum"] for name, child in run.children.items()}

    report = import_module(f"{TOY.home}.report")
    for name, module in {"work": Parent, "summary": Parent, "report": None}.items():
        monkeypatch.setitem(sys.modules, f"parent.{name}", module or report)
    monkeypatch.setattr(report, "report", lambda run, summary: dataclasses.replace(REPORT))
    return Experiment("parent", ToySettings, "parent")


REPORT = Report("Parent", "Two.", ())


def test_children_are_runs_of_their_own(parent, toy, tmp_path, capsys):
    def call():
        root, victims = tmp_path / "runs", tmp_path / "victims"
        return local.run(parent, ToySettings(threads=1), root, victims=victims, progress=False)

    result = call()
    assert calls == 2 * ALL[:-1]
    calls.clear()
    sums = {f"seed {seed}": toy(seed=seed).summary["sum"] for seed in (1, 2)}
    assert calls == []  # they were there
    assert {name: result.summary[name] for name in sums} == sums
    files = contents(result.folder)
    assert {"children/seed 1.json", "ledger/toys/seed 2.json"} <= set(files)
    (result.folder / "children" / "seed 1.json").write_text("{}")
    assert call().summary == result.summary
    assert calls == []
    assert contents(result.folder) == files
    assert "made again" in capsys.readouterr().err
    shutil.rmtree(toy(seed=1).folder)
    assert call().summary == result.summary  # the child is not needed again
    assert calls == []


def test_a_child_of_another_version_is_named(parent, toy, tmp_path, monkeypatch):
    toy(seed=1)
    other = import_module(f"{TOY.home}.report")
    monkeypatch.setattr(other, "report", lambda run, summary: summary["total"])
    with pytest.raises(StoreError, match=r"cannot be read as a run of toy \(KeyError: 'total'\)"):
        local.run(parent, ToySettings(threads=1), tmp_path / "runs", victims=tmp_path / "victims", progress=False)


def test_machine_settles_what_was_left_open(monkeypatch):
    machine = Machine.find(ToySettings(threads=1))
    settled = machine.settled(ToySettings(), (1, 28, 28), 1000)
    assert (settled.device, settled.threads, settled.batch_size) == ("cpu", 1, 100)
    assert machine.settled(ToySettings(), (1, 28, 28), 7).batch_size == 7
    assert machine.settled(ToySettings(batch_size=3), (1, 28, 28), 7).batch_size == 3
    assert [machine.settled(ToySettings(), (3, side, side), 1000).batch_size for side in (32, 224)] == [32, 20]
    gpu = dataclasses.replace(machine, device="cuda")
    assert gpu.settled(ToySettings(), (3, 32, 32), 10_000).device == "cuda"
    assert gpu.settled(ToySettings(), (3, 32, 32), 10_000).batch_size == 250
