"""Workers in processes: the same bits as in this process, and what becomes of a run when they have accidents."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests import warm

from feint.errors import DataError, SpecError, StoreError, WorkerError
from feint.runs.runners import local
from feint.runs.runners.processes import processes
from feint.runs.runners.runner import Local

from ..faulty import FAULTY, FaultySettings
from ..folders import contents

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(autouse=True)
def _workers_are_warm(monkeypatch):
    """Who starts them is as good as `subprocess`, and takes no seconds: see `test_the_same_bits_whoever_computes`."""
    monkeypatch.setattr("feint.runs.runners.processes.subprocess", warm)


@pytest.fixture
def pair():
    """Two workers."""
    with closing(processes(2)) as runner:
        yield runner


@pytest.fixture
def faulty(tmp_path):
    """Run it; by default in this process, below a folder of its own."""

    def call(runner=None, **values):
        settings = FaultySettings(folder=str(tmp_path), driver=os.getpid(), threads=1, **values)
        return local.run(FAULTY, settings, tmp_path / "runs", progress=False, runner=runner)

    return call


@pytest.fixture
def log(tmp_path):
    """What was computed: who, which piece, how much of it at a time."""

    def read():
        lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
        return [
            (int(pid), name, int(size)) for kind, pid, *rest in lines if kind == "computed" for name, size in [rest]
        ]

    return read


@pytest.fixture
def reference(faulty, tmp_path):
    """The files of a run that nothing happened to."""
    folder = faulty().folder
    found = contents(folder)
    shutil.rmtree(folder)
    (tmp_path / "log").unlink()
    return found


@pytest.mark.parametrize("shard", [1, 3, 5, 8, 100])
def test_the_same_bits_whatever_the_shard(faulty, reference, log, shard):
    assert contents(faulty(Local(shard)).folder) == reference
    assert max(size for _, _, size in log()) == min(shard, 8)


@pytest.mark.parametrize(("starts", "workers"), [(subprocess, 1), (warm, 2)], ids=["cold", "warm"])
def test_the_same_bits_whoever_computes(faulty, reference, log, monkeypatch, starts, workers):
    monkeypatch.setattr("feint.runs.runners.processes.subprocess", starts)
    with closing(processes(workers)) as runner:
        assert contents(faulty(runner, seconds=0.3).folder) == reference
        known = {pid for pid, *_ in log()}
        assert len(known - {os.getpid()}) == len(known) == workers
        faulty(runner, seed=1)
    assert {pid for pid, *_ in log()} == known  # the same workers, another run


def test_workers_compute_in_shards_of_a_size_that_is_theirs(faulty, reference, log):
    with closing(processes(1, shard=3)) as runner:
        assert contents(faulty(runner).folder) == reference
    assert [size for _, _, size in log()] == 4 * [3, 3, 2]


def test_a_worker_killed_in_mid_shard(faulty, reference, log, capfd, pair):
    assert contents(faulty(pair, fault="killed").folder) == reference
    assert Counter(name for _, name, _ in log()) == {"00": 1, "01": 2, "02": 1, "03": 1}
    assert "feint: drawn 01: its worker was killed, as the system does when memory runs out; once more\n" in (
        capfd.readouterr().err
    )


def test_a_worker_that_the_system_kills_for_its_memory_gets_half(faulty, reference, log, capfd, pair):
    assert contents(faulty(pair, fault="hungry").folder) == reference
    assert [size for _, name, size in log() if name == "01"] == [8, 8, 4, 2, 2, 2, 2]
    error = capfd.readouterr().err
    assert "as the system does when memory runs out, again; once more, with 4 images at a time\n" in error
    assert "with 2 images at a time\n" in error


def test_a_piece_that_kills_whoever_touches_it_ends_the_run_and_keeps_the_others(faulty, reference, log):
    with closing(processes(2)) as runner:
        with pytest.raises(
            WorkerError, match=r"^drawn 01: expected a worker to come to its end, got 4 that was killed"
        ):
            faulty(runner, fault="doomed", seconds=0.1)
        assert [size for _, name, size in log() if name == "01"] == [8, 8, 4, 2]
        assert contents(faulty(runner).folder) == reference


@pytest.mark.parametrize("runner", ["local", "processes"])
def test_out_of_memory_halves_the_shard_and_says_so(faulty, reference, log, capfd, tmp_path, runner):
    driver = {} if runner == "processes" else {"driver": 0}
    with closing(processes(1) if runner == "processes" else Local()) as who:
        settings = FaultySettings(
            **{"folder": str(tmp_path), "driver": os.getpid(), "threads": 1, **driver}, fault="memory"
        )
        result = local.run(FAULTY, settings, tmp_path / "runs", progress=False, runner=who)
    assert contents(result.folder) == reference
    sizes = [size for _, _, size in log()]
    assert sizes == [8, 4, *[2] * 16]  # it stays with what fits
    error = capfd.readouterr().err
    assert "feint: out of memory with 8 images of drawn 00 at a time: from here on 4\n" in error
    assert "feint: out of memory with 4 images of drawn 00 at a time: from here on 2\n" in error


@pytest.mark.parametrize(
    ("fault", "error", "said"), [("raises", ZeroDivisionError, "^of a piece"), ("refuses", DataError, "^expected data")]
)
def test_what_a_piece_raises_is_raised_here(faulty, reference, fault, error, said, pair):
    with pytest.raises(error, match=said) as caught:
        faulty(pair, fault=fault)
    assert any("in accident" in note for note in caught.value.__notes__)  # where, as it was there
    assert contents(faulty(pair).folder) == reference


def test_a_worker_that_sees_something_else_is_refused(faulty, pair):
    with pytest.raises(SpecError, match="a worker sees other data, weights or code"):
        faulty(pair, fault="others")


def test_objects_at_hand_stay_in_this_process(faulty, tmp_path):
    settings = FaultySettings(folder=str(tmp_path), threads=1)
    with pytest.raises(SpecError, match=r"^runner: expected local"):
        local.run(FAULTY, settings, tmp_path / "runs", given={"given:a": 1}, runner=processes(1))


DRIVER = """
import sys
from contextlib import closing
from pathlib import Path
from feint.runs.runners import local
from feint.runs.runners.processes import processes
from tests import warm
from tests.runs.faulty import FAULTY, FaultySettings

sys.modules["feint.runs.runners.processes"].subprocess = warm
settings = FaultySettings(folder=sys.argv[1], threads=1, seconds=0.5)
with closing(processes(2)) as runner:
    local.run(FAULTY, settings, Path(sys.argv[1]) / "runs", progress=False, runner=runner)
"""


@pytest.fixture
def driver(tmp_path):
    """A driver with two workers in a process of its own, in the middle of its run."""
    process = warm.Popen([sys.executable, "-c", DRIVER, str(tmp_path)])
    for _ in range(3000):  # busy machines take a minute
        if any(tmp_path.glob("runs/*/ledger/drawn/*.json")) or process.poll() is not None:
            break
        time.sleep(0.1)
    assert process.poll() is None
    yield process
    process.kill()
    process.wait()


def test_the_driver_killed_its_workers_end_and_the_run_goes_on(faulty, reference, log, driver):
    workers = {pid for pid, *_ in log()}
    driver.kill()
    driver.wait()
    for _ in range(50):
        if not any(alive(pid) for pid in workers):
            break
        time.sleep(0.1)
    assert not any(alive(pid) for pid in workers)
    done = Counter(name for _, name, _ in log())
    assert contents(faulty().folder) == reference
    again = Counter(name for _, name, _ in log()) - done
    assert 1 <= len(again) <= 3  # not what was recorded


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_drivers_on_one_run(faulty, reference, log, driver):
    with pytest.raises(StoreError, match=r"^another process is working on .*; wait for it or stop it$"):
        faulty()
    assert driver.wait() == 0
    assert Counter(name for _, name, _ in log()) == {"00": 1, "01": 1, "02": 1, "03": 1}  # nothing twice
    found = contents(faulty().folder)
    drawn = {"report.html", "ledger/derived/report.json"}  # by that process, whose pages are whole
    assert {name: found[name] for name in found if name not in drawn} == {
        name: reference[name] for name in reference if name not in drawn
    }


def test_a_truncated_shard_is_made_again_by_a_worker(faulty, reference, log, pair):
    folder = faulty(pair).folder
    place = folder / "tables" / "drawn" / "02.parquet"
    place.write_bytes(place.read_bytes()[:-7])
    before = len(log())
    faulty(pair)
    assert [name for _, name, _ in log()[before:]] == ["02"]
    assert contents(folder) == reference


def test_interrupted_workers_are_let_go(faulty, reference, pair):
    class Interrupts:
        here = False

        def found(self, job):
            with closing(pair.found(job)) as founds:
                yield next(founds)
                raise KeyboardInterrupt

        def close(self):
            pass

    with pytest.raises(KeyboardInterrupt):
        faulty(Interrupts(), seconds=0.2)
    assert contents(faulty(pair).folder) == reference
