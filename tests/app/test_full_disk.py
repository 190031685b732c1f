"""Folders that cannot be written and disks that fill up: one line, and nothing half-written that passes for whole."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feint.app.cli import main
from feint.errors import StoreError
from feint.experiments.audit import AUDIT
from feint.runs.run import Run
from feint.runs.runners import local


def mount(folder: Path, options: str) -> bool:
    """Mount a tmpfs, which takes root and a machine that allows it."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def limited_files(size: int) -> Generator[None]:
    """No file grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[tuple[Path, Callable]]:
    """A folder, and a context in which only so many bytes more can be written there."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount(folder, "size=16m"):
        yield folder, limited_files
        return

    @contextmanager
    def full_but_for(size: int) -> Generator[None]:
        filler = folder / "filler"
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        filler.write_bytes(bytes(free - size))
        try:
            yield
        finally:
            filler.unlink()

    try:
        yield folder, full_but_for
    finally:
        unmount(folder)


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    return ["audit", "--quiet", "--data", images, "--network", f"{networks}:build", "--batch-size", 2, "--threads", 1]


def records(root: Path):
    (folder,) = root.glob("audit-*")
    return Run.load(folder, AUDIT).table("records").read()


@pytest.fixture(scope="module")
def known() -> dict[str, pa.Table]:
    """Records of a run that nothing came in the way of, which is the same for all tests."""
    return {}


# Room for nothing, for the beginning, for some of the three parts, for all of them but not for the report.
@pytest.mark.parametrize(
    ("room", "parts"), [(0, 0), (8 << 10, 0), (20 << 10, 0), (36 << 10, 1), (64 << 10, 2), (2 << 20, 3)]
)
def test_disk_full(feint, command, small_disk, known, tmp_path: Path, room, parts, plain_report):
    folder, only = small_disk
    runs = folder / "runs"
    with only(room):
        outcome = feint(*command, "--out", runs)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("feint: cannot write ")
        assert outcome.err.count("\n") == 1
        kept = sorted(runs.glob("*/tables/*/*.parquet"))
        assert len(kept) >= parts
        assert all(pq.read_table(path).num_rows for path in kept)
        assert not [path for path in runs.rglob("*") if path.name.endswith(".tmp")]
        for run in runs.glob("audit-*"):
            with pytest.raises(StoreError, match=r"incomplete|not a run folder|was damaged"):
                Run.load(run, AUDIT)
    written = {path: path.stat().st_mtime_ns for path in kept}
    assert feint(*command, "--out", runs).code == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == written
    if not known:
        assert feint(*command, "--out", tmp_path / "undisturbed").code == 0
        known["undisturbed"] = records(tmp_path / "undisturbed")
    assert records(runs).equals(known["undisturbed"])


@pytest.fixture
def plain_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the report, which takes seconds, a file of its size."""
    monkeypatch.setattr(local, "report_files", lambda _: {"report.html": bytes(5 << 20)})


def test_a_file_in_the_way(feint, command, tmp_path: Path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        outcome = feint(*command, "--out", out)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
        assert "cannot write" in outcome.err


def test_a_folder_that_may_only_be_read(feint, command, tmp_path: Path):
    folder = tmp_path / "read-only"
    folder.mkdir()
    mounted = mount(folder, "size=16k,ro")
    if not mounted:
        if os.geteuid() == 0:
            pytest.skip("root, for whom permissions do not bind, and no tmpfs can be mounted here")
        folder.chmod(0o555)
    try:
        outcome = feint(*command, "--out", folder / "runs")
    finally:
        if mounted:
            unmount(folder)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert "cannot write" in outcome.err


@pytest.mark.parametrize("arguments", [["catalog", "--json"], ["--version"], ["audit", "--help"]])
def test_standard_output_full(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 2
    assert capfd.readouterr().err == "feint: cannot write standard output: No space left on device\n"
