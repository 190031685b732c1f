import time
from pathlib import Path

import pytest

from feint.app.web.jobs import Jobs
from feint.errors import StoreError

from ...digits import trained_once_elsewhere

SPEC = {"experiment": "attack", "attack": "fgsm", "radii": [0.1], "data": {"limit": 10}}


@pytest.fixture
def jobs(tmp_path):
    found = Jobs(tmp_path / "jobs", tmp_path / "runs", tmp_path / "victims", f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield found
    for job in found.listed():
        found.cancel(job.id)
    found.tick()
    for process in found._begun.values():
        process.wait(60)
    found.close()


def _until(jobs, job, *states):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        jobs.tick()
        if (now := jobs.get(job.id)).state in states:
            return now
        time.sleep(0.2)
    raise AssertionError(f"{jobs.get(job.id)}\n{jobs.log(job.id)}")


def test_jobs_are_run_beside_one_after_the_other_and_say_how_they_ended(jobs, tmp_path, monkeypatch, digit_networks):
    for name, value in {"FEINT_HOME": str(tmp_path), **trained_once_elsewhere(digit_networks)}.items():
        monkeypatch.setenv(name, value)
    job, waits = jobs.submit(SPEC), jobs.submit({**SPEC, "data": {"source": "nowhere.npz"}})
    now = _until(jobs, job, "running")
    assert now.pid is not None
    assert jobs.get(waits.id).state == "queued"  # one at a time
    done = _until(jobs, job, "done", "failed")
    assert done.state == "done", jobs.log(job.id)
    assert jobs.run_of(done) == done.run_id
    assert (tmp_path / "runs" / done.run_id / "report.html").is_file()
    failed = _until(jobs, waits, "done", "failed")
    assert failed.state == "failed"
    assert "nowhere.npz" in failed.message
    assert "\n" not in failed.message
    assert jobs.again(waits.id).state == "queued"
    with pytest.raises(StoreError, match="expected one that has ended"):
        jobs.again(waits.id)


def test_a_job_goes_on_without_the_server_that_began_it_and_the_next_cancels_it(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("FEINT_HOME", str(tmp_path))
    job = jobs.submit({**SPEC, "attack": "cw:steps=400,searches=9", "radii": [5.0], "data": {"limit": 600}})
    pid = _until(jobs, job, "running").pid
    jobs.close()
    later = Jobs(tmp_path / "jobs", tmp_path / "runs", tmp_path / "victims", f"sqlite:///{tmp_path / 'store.sqlite'}")
    try:
        later.tick()
        assert later.get(job.id).state == "running"
        assert job.id.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        later.cancel(job.id)
        assert _until(later, job, "cancelled", "failed", "done").state == "cancelled"
        assert job.id.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()  # it waits for us, who began it
    finally:
        later.close()


def test_a_job_of_other_folders_is_not_ours(jobs, tmp_path):
    other = Jobs(tmp_path / "b", tmp_path / "other", tmp_path / "victims", f"sqlite:///{tmp_path / 'store.sqlite'}")
    job = other.submit(SPEC)
    assert jobs.listed() == []
    with pytest.raises(StoreError, match="expected one that the store knows"):
        jobs.get(job.id)
    other.cancel(job.id)
    other.close()


def test_bars_are_shown_as_they_stood_last(jobs, tmp_path):
    job = jobs.submit(SPEC)
    (tmp_path / "jobs").mkdir()
    bar = "attack: {}%|##   | {}/200 [00:01<00:{}, 9.9 images/s]"
    bars = "".join("\r" + bar.format(at, 2 * at, 60 - at) for at in (0, 10, 40))
    (tmp_path / "jobs" / f"{job.id}.log").write_text(f"first\n{bars}\n\x1b[Afeint: warning: that\n")
    assert jobs.log(job.id).splitlines() == ["first", bar.format(40, 80, 20), "feint: warning: that"]
    now = jobs.progress(job.id)
    assert (now.stage, now.share, now.left) == ("attack", 0.4, "00:20")
