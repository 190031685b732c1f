import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from feint.results import RunFolder, run_folder, run_id

from feint.errors import SpecError, StoreError

SPEC = {"data": "digits", "radii": [0.01, 0.1], "seed": 0}


def part(start, rows=5):
    return pa.table({"sample": np.arange(start, start + rows)})


def files(path):
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file() and file.name != ".lock")


def test_the_run_id_is_stable():
    assert run_id("audit", SPEC) == "audit-7609cf8f2b"
    assert run_id("audit", dict(reversed(SPEC.items()))) == run_id("audit", SPEC)
    assert run_id("audit", SPEC | {"seed": 1}) != run_id("audit", SPEC)


@pytest.mark.parametrize("name", ["", "../elsewhere", "a b", "-x"])
def test_a_name_that_is_no_folder_name(name):
    with pytest.raises(SpecError, match="letters, digits"):
        run_id(name, SPEC)


def test_a_specification_that_is_no_json():
    with pytest.raises(SpecError, match="JSON"):
        run_id("audit", {"radius": float("nan")})


def test_a_whole_run(tmp_path):
    with RunFolder.open(tmp_path / "deep" / "runs", "audit", SPEC, parts=2) as folder:
        assert not folder.is_complete
        assert folder.parts() == set()
        folder.write_part(1, part(5))
        folder.write_part(0, part(0))
        folder.write_file("figures/a.png", lambda file: file.write(b"picture"))
        assert folder.read()["sample"].to_pylist() == list(range(10))
        folder.finish({"run": folder.run})
        assert folder.is_complete
    loaded = RunFolder.load(folder.path)
    assert loaded.summary == {"run": run_id("audit", SPEC)}
    assert loaded.spec == SPEC
    assert loaded.read().num_rows == 10
    assert files(folder.path) == [
        "figures/a.png",
        "records/part-00000.parquet",
        "records/part-00001.parquet",
        "run.json",
        "summary.json",
    ]
    with RunFolder.open(tmp_path / "deep" / "runs", "audit", SPEC) as again:
        assert again.is_complete
        with pytest.raises(StoreError, match="is complete"):
            again.write_part(2, part(10))


def test_an_incomplete_run_says_so_and_resumes(tmp_path):
    with RunFolder.open(tmp_path, "audit", SPEC, parts=3) as folder:
        folder.write_part(0, part(0))
    with pytest.raises(StoreError, match="incomplete: 1 of 3 parts; run again to resume"):
        RunFolder.load(folder.path)
    with pytest.raises(StoreError, match="reading only"):
        folder.write_part(1, part(5))
    with RunFolder.open(tmp_path, "audit", SPEC, parts=3) as folder:
        assert folder.parts() == {0}
        with pytest.raises(StoreError, match=r"expects 3 parts of records; missing \[1, 2\]"):
            folder.read()
    assert len(json.loads((folder.path / "run.json").read_text())["opened"]) == 2


@pytest.mark.parametrize("complete", [True, False])
def test_fresh_leaves_nothing_that_was_computed(tmp_path, complete):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        folder.write_part(0, part(0))
        for name in ("gallery.npz", "maps-0.npz", "arrays/part-00000.npz", "attacked.safetensors", "report.html"):
            folder.write_bytes(name, b"old")
        folder.write_json("targets.json", {"0": 0.5})
        if complete:
            folder.finish({})
    (folder.path / "notes.txt").write_text("the user's own")
    with RunFolder.open(tmp_path, "audit", SPEC, fresh=True) as again:
        assert not again.is_complete
        assert files(again.path) == ["notes.txt", "run.json"]


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        leftovers = [folder.path / ".run.json.1.tmp", folder.path / "records" / ".part-00000.parquet.1.tmp"]
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        assert folder.parts() == set()
    assert not any(leftover.exists() for leftover in leftovers)


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_a_corrupt_part_counts_as_absent(tmp_path, damage):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        for index in range(2):
            folder.write_part(index, part(5 * index, rows=5000))
        path = folder.path / "records" / "part-00001.parquet"
        content = bytearray(path.read_bytes())
        if damage == "flip":
            content[len(content) // 4] ^= 255
        path.write_bytes(content[: {"truncate": len(content) // 2, "flip": len(content), "empty": 0}[damage]])
        with pytest.raises(StoreError, match=r"part-00001\.parquet is corrupt"):
            folder.read()
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        assert folder.parts() == {0}
        folder.write_part(1, part(5))
        assert folder.parts() == {0, 1}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, StoreError])
def test_a_writer_that_fails_midway_leaves_what_was_there(tmp_path, error):
    def fail(file):
        file.write(b"half")
        file.flush()
        raise error("no")

    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        folder.write_bytes("report.html", b"whole")
        before = files(folder.path)
        for name in ("report.html", "gallery.npz"):
            with pytest.raises(error):
                folder.write_file(name, fail)
        assert files(folder.path) == before
        assert (folder.path / "report.html").read_bytes() == b"whole"


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        before = files(folder.path)

        def full(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"^cannot write .*part-00000\.parquet: No space left on device$"):
            folder.write_part(0, part(0))
        assert files(folder.path) == before


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from feint.errors import StoreError
from feint.results import RunFolder
with RunFolder.open(Path(sys.argv[1]), "audit", {"seed": 0}) as folder:
    folder.write_part(0, pa.table({"x": np.arange(10)}))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
    try:
        folder.write_part(1, pa.table({"x": np.random.default_rng(0).random(100_000)}))
    except StoreError as error:
        print(error)
"""


def test_a_file_that_outgrows_its_limit_leaves_no_part(tmp_path):
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("part-00001.parquet: File too large\n")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    with RunFolder.open(tmp_path, "audit", {"seed": 0}) as folder:
        assert folder.parts() == {0}
        assert files(folder.path / "records") == ["part-00000.parquet"]


HELD = """
import sys
from pathlib import Path
from feint.results import RunFolder
folder = RunFolder.open(Path(sys.argv[1]), "audit", {"seed": 0})
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_kept_out(tmp_path):
    command = [sys.executable, "-c", HELD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="another process is working on"):
            RunFolder.open(tmp_path, "audit", {"seed": 0})
        RunFolder.open(tmp_path, "audit", {"seed": 1}).close()
        other.kill()
    RunFolder.open(tmp_path, "audit", {"seed": 0}).close()


def test_a_dropped_folder_gives_up_its_lock(tmp_path):
    folder = RunFolder.open(tmp_path, "audit", SPEC)
    with pytest.raises(StoreError, match="another process"):
        RunFolder.open(tmp_path, "audit", SPEC)
    del folder
    RunFolder.open(tmp_path, "audit", SPEC).close()


def test_a_root_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match=r"^cannot write .*audit-.*: Not a directory"):
            RunFolder.open(root, "audit", SPEC)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="wants a folder that refuses even root")
def test_a_root_that_cannot_be_written():
    with pytest.raises(StoreError, match=r"^cannot write .*audit-"):
        RunFolder.open(Path("/proc/runs"), "audit", SPEC)


@pytest.mark.parametrize("name", ["records/part-00000.parquet", "maps-0.npz"])
def test_other_versions_parts_are_not_mixed_in(tmp_path, monkeypatch, name):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder:
        folder.write_part(0, part(0))
        (folder.path / "records" / "part-00000.parquet").rename(folder.path / name)
    monkeypatch.setattr(run_folder, "versions", lambda: folder.versions | {"torch": "0.0"})
    with pytest.raises(StoreError, match=r"begun with torch .* and this is 0.0"):
        RunFolder.open(tmp_path, "audit", SPEC)
    (folder.path / name).unlink()
    RunFolder.open(tmp_path, "audit", SPEC).close()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"state": "complete"}'])
def test_a_run_json_that_describes_no_run(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(StoreError, match="does not describe a run"):
        RunFolder.load(tmp_path)


def test_no_run_there(tmp_path):
    with pytest.raises(StoreError, match=r"has no run\.json"):
        RunFolder.load(tmp_path / "nothing")


def test_json_that_is_none(tmp_path):
    with RunFolder.open(tmp_path, "audit", SPEC) as folder, pytest.raises(StoreError, match=r"summary\.json"):
        folder.finish({"aurc": float("nan")})
    assert not folder.is_complete
    assert not (folder.path / "summary.json").exists()
