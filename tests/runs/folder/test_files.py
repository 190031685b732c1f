"""Whole files or none, JSON that knows when it was damaged, locks."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from feint.errors import SpecError, StoreError
from feint.runs.folder import files

from ...contracts.disk import Disk
from ..folders import DAMAGES


def test_what_is_sealed_is_read_back(tmp_path):
    value = {"b": [1, 2.5, None, "ü"], "a": {"x": True}}
    files.write_sealed(tmp_path / "deep" / "some.json", value)
    assert files.read_sealed(tmp_path / "deep" / "some.json") == value
    assert files.read_sealed(tmp_path / "none.json") is None


@pytest.mark.parametrize("damage", DAMAGES[1:])  # without its last line break it says the same
def test_what_was_damaged_is_not_there(tmp_path, damage):
    files.write_sealed(tmp_path / "some.json", {"a": "a text", "b": 1})
    damage(tmp_path / "some.json")
    assert files.read_sealed(tmp_path / "some.json") is None


def test_every_single_bit_counts(tmp_path):
    place = tmp_path / "some.json"
    files.write_sealed(place, {"a": 1})
    whole = place.read_bytes()
    for position in range(8 * (len(whole) - 1)):
        content = bytearray(whole)
        content[position // 8] ^= 1 << position % 8
        place.write_bytes(content)
        found = files.read_sealed(place)
        assert found is None or found == {"a": 1}, position  # white space between values says nothing


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"1", b'{"seal": 1}', b"\xff", b"[" * 100_000])
def test_what_has_no_seal(tmp_path, content):
    (tmp_path / "some.json").write_bytes(content)
    assert files.read_sealed(tmp_path / "some.json") is None


def test_json_of_gigabytes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 300)
    files.write_sealed(tmp_path / "some.json", {"a": "x" * 100})
    assert files.read_sealed(tmp_path / "some.json") == {"a": "x" * 100}
    with (tmp_path / "some.json").open("a") as file:
        file.write(" " * 300)
    assert files.read_sealed(tmp_path / "some.json") is None
    with pytest.raises(ValueError, match="expected at most 300 bytes, got "):
        files.read_json(tmp_path / "some.json")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"files": []},
        {"files": {"a": 1}},
        {"files": {}, "sizes": [1]},
        {"files": {}, "sizes": {"a": "1"}},
        {"files": {}, "notes": 1},
        {"files": {}, "skipped": {}},
        {"files": {}, "skipped": [1]},
        {"files": {}, "skipped": [["a", 1]]},
        {"files": {"../../elsewhere": "a digest"}},
        {"files": {"/elsewhere": "a digest"}},
    ],
)
def test_entries_that_nobody_here_writes_are_none(tmp_path, said):
    place = tmp_path / "ledger" / "some" / "00.json"
    files.write_sealed(place, said)
    assert files.read_entry(place) is None
    files.write_sealed(place, {"files": {"tables/a/00.parquet": "a digest"}, "skipped": [["a place", "a reason"]]})
    assert files.read_entry(place) == {
        "files": {"tables/a/00.parquet": "a digest"},
        "sizes": {},
        "skipped": [["a place", "a reason"]],
        "notes": {},
    }


def test_canonical_is_one_form_only():
    assert files.canonical({"b": 1, "a": (1, 2)}) == files.canonical({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
    for value in (float("nan"), {1, 2}):
        with pytest.raises(SpecError, match="JSON"):
            files.canonical({"value": value})
        with pytest.raises(StoreError, match="JSON"):
            files.json_bytes({"value": value})


def test_a_file_is_written_with_its_digest(tmp_path):
    found = files.write_bytes(tmp_path / "a" / "b", b"abc")
    assert found == files.digest(b"abc") == files.digest_of(tmp_path / "a" / "b")
    assert found == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.digest_of(tmp_path / "a") is None
    assert files.digest_of(tmp_path / "none") is None


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, StoreError])
def test_a_writer_that_fails_midway_leaves_what_was_there(tmp_path, error):
    def fail(file):
        file.write(b"half")
        file.flush()
        raise error("no")

    files.write_bytes(tmp_path / "there", b"whole")
    for name in ("there", "new"):
        with pytest.raises(error):
            files.write(tmp_path / name, fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"there": b"whole"}


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"^cannot write .*/some: No space left on device$"):
        files.write_bytes(tmp_path / "some", b"abc")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, sys
from pathlib import Path
from feint.errors import StoreError
from feint.runs.folder import files
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    files.write_bytes(Path(sys.argv[1]) / "some", bytes(100_000))
except StoreError as error:
    print(error)
"""


def test_a_file_that_outgrows_its_limit_is_none(tmp_path):
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {tmp_path}/some: File too large\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "new", tmp_path / "file" / "deep" / "new"):
        with pytest.raises(StoreError, match=r"^cannot write .*new: (Not a directory|File exists)"):
            files.write_bytes(place, b"")
        with pytest.raises(StoreError, match=r"^cannot write .*new: (Not a directory|File exists)"):
            files.locked(place)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="wants a folder that refuses even root")
def test_a_folder_that_cannot_be_written():
    with pytest.raises(StoreError, match=r"^cannot write /proc/runs"):
        files.locked(Path("/proc/runs"))


def test_a_lock_is_held_until_it_is_closed(tmp_path):
    lock = files.locked(tmp_path / "some")
    with pytest.raises(StoreError, match=r"another process is working on .*some; wait for it or stop it"):
        files.locked(tmp_path / "some")
    os.close(files.locked(tmp_path / "other"))
    os.close(lock)
    os.close(files.locked(tmp_path / "some"))


def test_a_name_is_on_the_disk_before_the_next_file_is_written(tmp_path, monkeypatch):
    """Whoever writes "complete" last can rely on what it was written after."""
    disk = Disk(tmp_path)
    disk.record(monkeypatch)
    files.write_bytes(tmp_path / "a" / "first", b"1")
    files.write_sealed(tmp_path / "second", {"state": "complete"})
    done = [(each.kind, each.path) for each in disk.operations]
    assert done == [("rename", "a/first"), ("sync", "a"), ("rename", "second"), ("sync", ".")]
    assert disk.operations[0].content == b"1"
    (*_, (count, how, least)) = disk.cuts()
    assert (count, how, sorted(least)) == (4, "least", ["a/first", "second"])
