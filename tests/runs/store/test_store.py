"""The store on both databases: what goes in comes out, and run folders are the truth."""

import json
import os
import shutil
import sqlite3
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import warm

from feint.errors import SpecError, StoreError
from feint.runs.folder import files
from feint.runs.store.database import Database
from feint.runs.store.listing import SORTED, Wanted
from feint.runs.store.store import Store

from ...stores import summary_of


@pytest.fixture
def store(address):
    with Store.open(address) as opened:
        yield opened


def ids(runs):
    return [run.id for run in runs]


def test_a_run_comes_out_as_its_folder_says(store, write_run):
    folder = write_run()
    run = store.register(folder)
    assert (run.id, run.folder, run.experiment, run.state) == (folder.name, str(folder), "audit", "complete")
    assert (run.victim, run.estimator, run.data) == ("lenet", "softmax:temperature=1.0", "digits")
    assert (run.data_hash, run.images, run.attack, run.measure) == ("a" * 64, 100, "ace", "max_probability")
    assert (run.accuracy, run.aurc, run.radius, run.attacked_aurc, run.effective_radius) == (0.9, 0.01, 0.3, 0.31, 0.15)
    assert run.finished - run.created == 60
    known = store.show(folder.name)
    state = json.loads((folder / "run.json").read_text())
    assert (known.run, known.settings, known.identity) == (run, state["settings"], state["identity"])
    assert known.summary == json.loads((folder / "summary.json").read_text())
    values = {(each.variant, each.radius, each.name): each.value for each in known.metrics}
    assert values["rounded", 0.1, "aurc"] == pytest.approx(0.12)
    assert len(values) == 3 + 2 * (4 + 3) == len(known.metrics)
    assert store.metrics([run], ["nll"])[run.key] == [each for each in known.metrics if each.name == "nll"]
    (victim,), (data,) = store.victims(), store.data_sets()
    assert (victim["name"], victim["hash"], victim["runs"]) == ("lenet", "b" * 64, 1)
    assert (data["source"], data["classes"], data["shape"], data["runs"]) == ("digits", 2, "1 x 8 x 8", 1)


def test_registering_again_replaces_what_was_known(store, write_run):
    store.register(write_run(state="running"))
    assert store.show("audit-0000000001").summary is None
    first = store.find("audit-0000000001")
    assert (first.state, first.aurc) == ("interrupted", None)
    again = store.register(write_run(summary=summary_of(0.1)))
    assert (again.key, again.state, again.radius) == (first.key, "complete", 0.1)
    assert store.count() == len(store.victims()) == 1
    assert {each.radius for each in store.show(again.id).metrics} == {0.0, 0.1}


def test_stochastic_victims_are_judged_by_fresh_draws(store, write_run):
    draws = {"repeats": 3, "std": {"aurc": 0.001}, "own": {"aurc": 0.04}}
    run = store.register(write_run(summary=summary_of(clean={"aurc": 0.05, "accuracy": 0.8, "draws": draws})))
    metrics = {each.name: each for each in store.show(run.id).metrics}
    assert (metrics["aurc"].value, metrics["aurc"].std, metrics["aurc"].own) == (0.05, 0.001, 0.04)
    assert (metrics["accuracy"].value, metrics["accuracy"].std) == (0.8, None)
    assert run.aurc == 0.05


def test_several_victims_and_papers(store, write_run):
    several = {
        "about": {"victims": [{"name": "one"}, {"name": "two"}]},
        "identity": {"images": ["x", "y"], "weights": ["c" * 64, {"recipe": 1}]},
        "settings": {"victim": None, "victims": [{"estimator": {"name": "duq"}}, {"networks": [1, 2]}]},
    }
    run = store.register(write_run("detect-0000000001", experiment="detect", **several))
    assert (run.victim, run.estimator) == ("one, two", "duq, 2 x , mean probability")
    assert [(each["name"], len(each["hash"])) for each in store.victims()] == [("one", 64), ("two", 64)]
    paper = store.register(write_run("paper-1", settings={"victim": None}, about={"networks": ["n"]}, identity={}))
    assert (paper.victim, paper.data_hash) == ("n", None)


def test_filters(store, write_run):
    lenet = write_run("audit-01", created="2026-11-20T10:00:00+00:00")
    about = {"victim": "ResNet_20%", "data": "CIFAR"}
    other = write_run(
        "span-02", experiment="span", about=about, identity={"images": "c" * 64, "weights": "d" * 64},
        settings={"data": {"source": "cifar.npz"}},
    )  # fmt: skip
    running = write_run("audit-03", state="running", created="2026-11-25T10:00:00+00:00")
    for folder in (lenet, other, running):
        store.register(folder)
    cases = {
        ("span-02", "audit-03", "audit-01"): Wanted(),
        ("audit-03", "audit-01"): Wanted(experiment="audit"),
        ("span-02",): Wanted(victim="resnet_20%"),
        ("span-02", "audit-03"): Wanted(since=datetime(2026, 11, 24, tzinfo=UTC).timestamp()),
        ("audit-01",): Wanted(experiment="audit", state="complete"),
        (): Wanted(victim="resnet%20"),
    }
    for expected, wanted in cases.items():
        assert tuple(ids(store.runs(wanted))) == expected, wanted
        assert store.count(wanted) == len(expected)
    assert ids(store.runs(Wanted(victim="dddddddd"))) == ["span-02"]
    assert ids(store.runs(Wanted(data="aaaaaa"))) == ["audit-03", "audit-01"]
    assert ids(store.runs(Wanted(data="Cifar"))) == ["span-02"]
    assert ids(store.runs(Wanted(text=("feint audit", "lenet")))) == ["audit-03", "audit-01"]
    assert ids(store.runs(Wanted(state="interrupted"))) == ["audit-03"]
    assert ids(store.runs(Wanted(state="running"))) == []
    lock = files.locked(running)
    try:
        assert ids(store.runs(Wanted(state="running"))) == ["audit-03"]
        assert store.find("audit-03").state == "running"
    finally:
        os.close(lock)
    assert ids(store.runs(Wanted(limit=1, offset=1))) == ["audit-03"]
    assert ids(store.runs(Wanted(protocol=store.find("audit-01").protocol))) == ["audit-01"]


def test_a_run_that_ends_while_the_list_is_read_was_not_interrupted(store, write_run):
    store.register(write_run(state="running"))
    assert store.find("audit-0000000001").state == "interrupted"
    write_run()  # it is complete by now, and its note is not taken in yet
    assert store.find("audit-0000000001").state == "complete"
    assert store.runs(Wanted(state="interrupted")) == []
    assert store.count(Wanted(state="interrupted")) == 0


def test_sorting(store, write_run):
    for at, aurc in enumerate((0.2, 0.1, 0.3)):
        store.register(write_run(f"audit-{at}", summary=summary_of(0.1, clean={"aurc": aurc})))
    store.register(write_run("train-3", experiment="train", summary={}))
    assert ids(store.runs(Wanted(sort="aurc"))) == ["audit-1", "audit-0", "audit-2", "train-3"]
    assert ids(store.runs(Wanted(sort="-aurc"))) == ["audit-2", "audit-0", "audit-1", "train-3"]
    for name in SORTED:
        assert len(store.runs(Wanted(sort=name))) == len(store.runs(Wanted(sort=f"-{name}"))) == 4
    with pytest.raises(StoreError, match="sort: expected one of created"):
        store.runs(Wanted(sort="searched"))


def test_what_compares_has_one_protocol(store, write_run):
    base = store.register(write_run("audit-1"))
    victim = {"victim": {"name": "other", "estimator": {"name": "duq"}, "networks": []}}
    alike = [
        write_run("audit-2", settings={"seed": 7, "device": "cuda", "threads": 4, "batch_size": 2}),
        write_run("audit-3", settings={"radii": [0.5], "attack": {"name": "ace", "radii": [0.5]}}),
        write_run("audit-4", settings=victim, identity={"images": "a" * 64, "weights": "e" * 64}),
        write_run("audit-5", settings={"data": {"source": "elsewhere", "limit": None}}),
    ]
    assert {store.register(folder).protocol for folder in alike} == {base.protocol}
    others = [
        write_run("audit-6", settings={"measure": "margin"}),
        write_run("audit-7", settings={"attack": {"name": "pgd", "radii": [0.1, 0.3]}}),
        write_run("audit-8", identity={"images": "f" * 64, "weights": "b" * 64}),
        write_run("audit-9", summary=summary_of(0.1, images=99)),
    ]
    assert base.protocol not in {store.register(folder).protocol for folder in others}


def test_a_run_is_found_by_id_beginning_and_folder(store, write_run):
    one, two = write_run("audit-11"), write_run("audit-12")
    twin = write_run("audit-11", root="elsewhere")
    for folder in (one, two):
        store.register(folder)
    assert store.find("audit-12").id == store.find(str(two)).id == "audit-12"
    assert store.find("audit-11").folder == str(one)
    with pytest.raises(StoreError, match="run: expected one, got 'audit-1', which is audit-11, audit-12"):
        store.find("audit-1")
    store.register(twin)
    with pytest.raises(StoreError, match=f"which is {one}, {twin}"):
        store.find("audit-11")
    assert store.find(str(twin)).folder == str(twin)
    for name in ("audit-9", "%", "audit_11"):
        with pytest.raises(StoreError, match="--rescan FOLDER looks for more"):
            store.find(name)


def test_rescan_builds_the_store_again(store, address, write_run, tmp_path):
    folders = [write_run(f"audit-{at:03}", state="running" if at % 7 == 0 else "complete") for at in range(30)]
    (tmp_path / "feint-runs" / "notes").mkdir()
    damaged = write_run("audit-damaged")
    (damaged / "run.json").write_text((damaged / "run.json").read_text().replace("digits", "figures"))
    told = []
    found = store.rescan(tmp_path / "feint-runs", told.append)
    assert (found.found, found.gone, len(found.damaged), told[-1]) == (30, 0, 1, 30)
    assert found.damaged[0].startswith(f"{damaged}: ")
    before = store.runs(Wanted(sort="id"))
    assert ids(before) == [folder.name for folder in folders]
    shutil.rmtree(folders[3])
    elsewhere = store.register(write_run("audit-elsewhere", root="other"))
    again = store.rescan(tmp_path / "feint-runs")
    assert (again.found, again.gone) == (29, 1)
    after = [run for run in store.runs(Wanted(sort="id")) if run != elsewhere]
    assert after == [run for run in before if run.id != folders[3].name]
    assert store.rescan(folders[5]).found == 1
    with pytest.raises(StoreError, match="cannot be read"):
        store.rescan(tmp_path / "nowhere")


def test_forgetting_takes_along_what_nobody_else_speaks_of(store, write_run):
    kept = store.register(write_run("audit-1"))
    lost = store.register(write_run("audit-2", identity={"images": "c" * 64, "weights": "d" * 64}))
    store.forget([lost])
    assert store.runs() == [kept]
    assert [each["hash"] for each in store.victims()] == ["b" * 64]
    assert [each["hash"] for each in store.data_sets()] == ["a" * 64]


def test_hostile_names(store, write_run, tmp_path):
    """Of files that are no Unicode, and of strangers who write what they like into a run.json with a true seal."""
    folder = tmp_path / "feint-runs" / os.fsdecode(b"audit-\xe9\x1b[31m")
    write_run().rename(folder)
    run = store.register(folder)
    assert (run.id, run.folder) == ("audit-\\xe9\\x1b[31m", str(folder))
    assert store.find(str(folder)) == run
    strange = {"name": "a\x00b\ud800\n" + "x" * 100_000, "estimator": 5, "networks": {"a": 1}}
    parts = {
        "settings": {"victim": strange, "data": [1], "attack": {"name": "\x00", "radii": "y"}, "radii": {}},
        "about": {"victim": strange["name"], "classes": 7, "shape": ["\x1b"] * 99, "images": 1e300},
        "identity": {"images": {"\x00": "\ud800"}, "weights": "\x00" * 64},
        "versions": 3,
        "command": ["no"],
        "created": "10000000-01-01",
        "finished": 8,
        "summary": {"clean": {"aurc": 10**400, "accuracy": True}, "attacked": [1, {"radius": "x"}], "measure": {}},
    }
    run = store.register(write_run("audit-strange", **parts))
    assert run.victim.startswith("a\\x00b\\ud800\\n")
    assert (run.created, run.finished, run.images, run.aurc) == (0, None, None, None)
    assert store.show("audit-strange").settings["victim"] == strange
    assert run in store.runs(Wanted(text=("\\x00b",)))


def test_readers_do_not_wait_for_a_writer(store, address, write_run):
    store.register(write_run())
    with Store.open(address) as other, other.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET victim = 'half done'")
        done = threading.Event()
        seen = []

        def read():
            with Store.open(address) as reader:
                seen.append(reader.find("audit-0000000001").victim)
            done.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert done.wait(20)
        thread.join()
        assert seen == ["lenet"]
        with pytest.raises(StoreError, match="another process writes it"), store.database.writing(0.0):
            pass
        store.refresh()  # nor does looking for news
    assert store.find("audit-0000000001").victim == "half done"


def test_writers_take_turns(store, address, write_run, tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom feint.runs.store.store import Store\n"
        "with Store.open(sys.argv[1]) as store:\n"
        "    for folder in sys.argv[2:]:\n        store.register(Path(folder))\n"
    )
    folders = [str(write_run(f"audit-{at}")) for at in range(12)]
    commands = [[sys.executable, "-c", code, address, *folders[part::2]] for part in range(2)]
    with (tmp_path / "err").open("w") as err:
        running = [warm.Popen(command, stderr=err) for command in commands]
    assert [each.wait() for each in running] == [0, 0], (tmp_path / "err").read_text()
    assert (tmp_path / "err").read_text() == ""
    assert store.count() == 12
    assert len(store.victims()) == len(store.data_sets()) == 1


def test_a_failing_write_leaves_nothing_behind(store, write_run):
    def half() -> None:
        with store.database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO data_sets (hash, source) VALUES ('x', 'y')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.data_sets() == []
    assert store.register(write_run()).id == "audit-0000000001"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://user:secret@host/x", "got mysql"),
        ("no address: secret", "got something that is no address"),
        ("sqlite://", "got no file"),
    ],
)
def test_addresses_that_are_none(url, told):
    with pytest.raises(SpecError, match=rf"FEINT_DATABASE_URL: expected sqlite:///FILE.*{told}") as caught:
        Database.open(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line_without_its_password():
    with pytest.raises(StoreError, match="cannot be read") as caught:
        Database.open("postgresql://user:secret@127.0.0.1:9/x", wait=2.0)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    path.write_text("hello" * 1000)
    with pytest.raises(StoreError, match="file is not a database"):
        Database.open(f"sqlite:///{path}")
    with pytest.raises(StoreError, match=r"cannot be made: (Not a directory|File exists)"):
        Database.open(f"sqlite:///{path / 'below'}/store.sqlite")


def test_sqlite_is_in_wal_mode(tmp_path: Path):
    Database.open(f"sqlite:///{tmp_path / 'store.sqlite'}").close()
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_passwords_are_not_shown(store):
    shown = store.database.engine.url.set(username="u", password="secret").render_as_string(hide_password=True)
    assert "secret" not in repr(store) + shown


def test_wanted_is_a_value():
    assert replace(Wanted(), limit=3) == Wanted(limit=3)
