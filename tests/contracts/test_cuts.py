"""A run's folder is cut off after any operation on files, and gone on with to the same bits."""

import json

import pytest

from feint.errors import StoreError
from feint.runs.run import Run, read_state

from .disk import Disk, lay
from .folders import contents


@pytest.mark.parametrize("lost", [None, "summary.json"])
def test_a_run_that_is_cut_anywhere_goes_on_to_the_same_bits(bench, tmp_path, monkeypatch, prepared_once, capsys, lost):
    """From nothing to the end; and again where a file of the whole run is lost and made again."""
    prepared_once("span")
    first = bench.run("span", tmp_path)
    folder, whole = first.folder, contents(first.folder, tmp_path)
    before = {name: (folder / name).read_bytes() for name in whole}
    if lost is None:
        for name in whole:
            (folder / name).unlink()
        before = {}
    else:
        (folder / lost).unlink()
        del before[lost]
    disk = Disk(folder)
    with monkeypatch.context() as patch:
        disk.record(patch)
        bench.run("span", tmp_path)
    assert contents(folder, tmp_path) == whole
    assert {each.path for each in disk.operations if each.kind == "rename"} >= set(whole) - set(before) - {"run.json"}
    assert all(each.content is not None for each in disk.operations if each.kind == "rename")
    seen = set()
    for count, how, written in disk.cuts():
        removed = {each.path for each in disk.operations[:count] if each.kind == "remove"}
        left = {name: content for name, content in before.items() if name not in removed or how == "least"} | written
        if (key := json.dumps({name: hash(content) for name, content in left.items()}, sort_keys=True)) in seen:
            continue
        seen.add(key)
        lay(left, folder)
        _check_what_is_there(bench, folder, whole, lost)
        bench.run("span", tmp_path)
        assert contents(folder, tmp_path) == whole, (count, how)
        if lost is None:
            assert capsys.readouterr().err == "", (count, how)  # nothing was lost: it was not there yet
    assert len(seen) > 3


def _check_what_is_there(bench, folder, whole, lost):
    """Whoever reads a run finds one that is whole, or hears that it is none yet."""
    try:
        run = Run.load(folder, bench.experiment("span"))
    except StoreError:
        return
    assert read_state(folder)["state"] == "complete"
    if lost is None:
        assert {name for name in whole if (folder / name).is_file()} == set(whole)
        assert run.table("records").read().num_rows > 0
