"""Runs kept where others can see them: in fsspec's memory, and in a folder."""

import shutil

import pytest

from feint.errors import SpecError, StoreError
from feint.runs.folder.storage import Storage
from feint.runs.runners import local

from ..folders import contents
from ..toy import TOY, ToySettings, calls


@pytest.fixture(params=["memory", "folder"])
def storage(request, tmp_path):
    import fsspec

    url = "memory://feint-test/runs" if request.param == "memory" else str(tmp_path / "bucket")
    yield Storage(url)
    if request.param == "memory":
        fsspec.filesystem("memory").store.clear()


@pytest.fixture
def run(tmp_path, storage):
    def call(root="runs"):
        victims = tmp_path / "victims"
        return local.run(TOY, ToySettings(threads=1), tmp_path / root, victims=victims, progress=False, storage=storage)

    return call


def without_places(found):
    """Summaries and what they are digested to name the folder."""
    return {name: found[name] for name in found if "summary" not in name}


def test_a_run_is_found_again_on_another_machine(run, storage):
    first = run()
    files = contents(first.folder)
    missing = first.folder.with_name("missing") / first.folder.name
    assert storage.bring(missing) == len([path for path in missing.rglob("*") if path.is_file()]) > 2
    assert storage.bring(missing) == 0
    calls.clear()
    second = run("elsewhere")
    assert [call for call in calls if call.startswith(("drawn", "squared"))] == []
    assert without_places(contents(second.folder)) == without_places(files)


def test_what_was_computed_before_a_machine_was_lost_is_not_computed_again(run, tmp_path, monkeypatch, storage):
    from ..runners.test_local import work

    drawn = work.drawn

    def interrupted(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        return drawn(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(work, "drawn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run()
    shutil.rmtree(tmp_path / "runs")
    calls.clear()
    run("elsewhere")
    assert [call for call in calls if call.startswith("drawn")] == ["drawn/02"]


def test_what_was_damaged_there_is_made_again(run, storage, capsys):
    run()
    place = f"{storage._root}/{run().run.id}/tables/drawn/01.parquet"
    storage._system.pipe_file(place, b"PAR1")
    calls.clear()
    run("elsewhere")
    assert [call for call in calls if call.startswith("drawn")] == ["drawn/01"]
    assert "tables/drawn/01.parquet" in capsys.readouterr().err


def test_nothing_that_is_kept_leaves_its_folder(run, storage, tmp_path, monkeypatch):
    """Names of an object store are no paths, and may have any parts."""
    found = run().run.id
    name = f"{storage._root}/{found}/../../surprise.json"
    monkeypatch.setattr(storage._system, "find", lambda _: [name])
    monkeypatch.setattr(storage._system, "cat_file", lambda _: b"{}")
    with pytest.raises(StoreError, match=rf"expected files of {found}, got .*/surprise.json, which leaves it"):
        run("elsewhere")
    assert not list(tmp_path.rglob("surprise.json"))


def test_nothing_is_brought_through_a_link(run, storage, tmp_path):
    found = run().run.id
    (tmp_path / "the user's").mkdir()
    (tmp_path / "elsewhere" / found).mkdir(parents=True)
    (tmp_path / "elsewhere" / found / "tables").symlink_to(tmp_path / "the user's")
    with pytest.raises(StoreError, match="tables: expected a file or folder of the run's own, got a link"):
        run("elsewhere")
    assert not list((tmp_path / "the user's").iterdir())


def test_a_url_that_nothing_knows():
    with pytest.raises(SpecError, match=r"^storage: expected a URL that fsspec knows, got 'nowhere://a'"):
        Storage("nowhere://a")
