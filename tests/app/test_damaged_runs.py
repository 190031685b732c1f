"""Of run folders that somebody has changed, seals and all, commands say one line, or read what is left."""

import os
import shutil
from pathlib import Path
from random import Random

import pytest
from tests.data.test_hostile import ends

from .changed import change

pytestmark = pytest.mark.usefixtures("plain_report")
COUNT = int(os.environ.get("FEINT_FUZZ", "500")) // 10


def test_nothing_but_one_line_comes_out(feint, images: Path, networks: Path, tmp_path: Path):
    feint("audit", "--data", images, "--network", f"{networks}:build", "--radii", 0.1, "--quiet", "--threads", 1)
    feint("audit", "--data", images, "--network", f"{networks}:other", "--radii", 0.1, "--quiet", "--threads", 1)
    whole, other = (path.rename(tmp_path / path.name) for path in sorted((tmp_path / "feint-runs").iterdir()))
    feint("runs", "--rescan", other)
    rng, place, codes = Random(0), tmp_path / "changed" / whole.name, list[int]()
    there = [
        path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.suffix in (".json", ".parquet", ".npz")
    ]
    for _ in range(COUNT):
        shutil.rmtree(place.parent, ignore_errors=True)
        shutil.copytree(whole, place)
        name = rng.choice([*there, Path("run.json"), Path("summary.json")])
        change(place / name, rng)
        for arguments in (
            ["report", place, "--format", "json"],
            ["runs", "--rescan", place],
            ["runs", "show", place],
            ["compare", place, other],
            ["query", f'select * from "{whole.name}".records limit 3'],
        ):
            outcome = feint(*arguments)
            assert outcome.code in (0, 2), (name, arguments, outcome)
            assert "\x1b" not in outcome.out + outcome.err, (name, arguments, outcome)
            assert outcome.code == 0 or outcome.err.count("\n") == 1, (name, arguments, outcome)
            codes.append(outcome.code)
    assert set(codes) == {0, 2}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a FIFO")
@pytest.mark.parametrize("odd", ["fifo", "/dev/zero"])
def test_what_would_never_end(feint, images: Path, networks: Path, tmp_path: Path, odd: str):
    feint("audit", "--data", images, "--network", f"{networks}:build", "--radii", 0.1, "--quiet", "--threads", 1)
    (whole,) = (tmp_path / "feint-runs").iterdir()
    there = [path.relative_to(whole) for kind in ("*.json", "*.parquet", "*.npz") for path in whole.rglob(kind)]
    assert len(there) > 5
    codes: list[int] = []

    def read(place: Path) -> None:
        codes.append(feint("report", place, "--format", "json").code)
        codes.append(feint("runs", "--rescan", place).code)
        codes.append(feint("query", f'select count(*) from "{whole.name}".records').code)

    for name in there:
        place = tmp_path / "changed" / whole.name
        shutil.rmtree(place.parent, ignore_errors=True)
        shutil.copytree(whole, place)
        (place / name).unlink()
        (place / name).symlink_to(odd) if odd != "fifo" else os.mkfifo(place / name)
        assert ends(lambda place=place: read(place)), name
    assert len(codes) == 3 * len(there)
    assert set(codes) == {0, 2}


def test_a_report_is_not_written_through_a_link(feint, images: Path, networks: Path, tmp_path: Path):
    feint("audit", "--data", images, "--network", f"{networks}:build", "--radii", 0.1, "--quiet", "--threads", 1)
    (run,) = (tmp_path / "feint-runs").iterdir()
    (tmp_path / "mine").mkdir()
    (run / "figures").symlink_to(tmp_path / "mine")
    outcome = feint("report", run, "--format", "svg")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1), outcome
    assert "figures: expected a file or folder of the run's own, got a link; delete it and run again" in outcome.err
    assert feint("report", run, "--format", "svg", "--out", tmp_path / "out").code == 0
    assert not list((tmp_path / "mine").iterdir())
