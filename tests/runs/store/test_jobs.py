"""Jobs: queued, taken once, told of, cancelled, queued again; on both databases."""

import threading
import time

import pytest

from feint.errors import StoreError
from feint.runs.store import jobs
from feint.runs.store.store import Store


@pytest.fixture
def store(address):
    with Store.open(address) as opened:
        yield opened


def test_the_life_of_a_job(store, address):
    before = time.time()
    job = store.add_job({"experiment": "audit", "radii": [0.1]}, owner="session 1")
    assert (job.state, job.started, job.progress, job.cancel, job.owner) == ("queued", None, None, False, "session 1")
    assert before <= job.created <= time.time()
    taken = store.claim_job(pid=7, log="log.txt")
    assert (taken.id, taken.state, taken.pid, taken.log) == (job.id, "running", 7, "log.txt")
    assert taken.spec == {"experiment": "audit", "radii": [0.1]}
    assert store.claim_job() is None
    told = store.change_job(job.id, progress=0.5, folder="/x/audit-1", run_id="audit-1")
    assert (told.progress, told.run_id, told.started) == (0.5, "audit-1", taken.started)
    with Store.open(address) as restarted:
        assert restarted.jobs() == [told]
    done = store.change_job(job.id, state="done", progress=1.0)
    assert done.ended >= done.started
    with pytest.raises(StoreError, match="expected one that has not ended, got one that is done"):
        store.change_job(job.id, progress=0.1)
    store.remove_job(job.id)
    assert store.jobs() == []


def test_jobs_are_taken_in_their_order_and_listed_by_owner_and_state(store):
    first, second = store.add_job({"a": 1}, "one"), store.add_job({"b": 2}, "two")
    assert [job.id for job in store.jobs()] == [second.id, first.id]
    assert [job.id for job in store.jobs(owner="one")] == [first.id]
    assert store.claim_job().id == first.id
    assert [job.id for job in store.jobs([jobs.QUEUED])] == [second.id]
    assert len(store.jobs(limit=1)) == 1
    assert first.id != second.id
    assert len(first.id) == 16


def test_no_job_is_taken_twice(store, address):
    for at in range(8):
        store.add_job({"at": at})
    taken = []

    def take():
        with Store.open(address) as other:
            while (job := other.claim_job()) is not None:
                taken.append(job.spec["at"])

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(8))


def test_cancelling(store):
    waiting, running = store.add_job({}), store.add_job({})
    assert store.cancel_job(waiting.id).state == "cancelled"
    assert store.claim_job().id == running.id
    asked = store.cancel_job(running.id)
    assert (asked.state, asked.cancel) == ("running", True)
    over = store.change_job(running.id, state="cancelled")
    assert store.cancel_job(running.id) == over


def test_a_job_goes_on(store):
    job = store.add_job({})
    with pytest.raises(StoreError, match="expected one that has begun"):
        store.requeue_job(job.id)
    store.claim_job(pid=3)
    store.change_job(job.id, state="failed", message="killed", folder="/x", run_id="audit-1")
    again = store.requeue_job(job.id)
    assert (again.state, again.pid, again.ended, again.message, again.run_id) == ("queued", None, None, "", "audit-1")
    assert store.claim_job().id == job.id


def test_what_is_no_job_or_no_change(store):
    with pytest.raises(StoreError, match="job: expected one that the store knows, got 'x'"):
        store.job("x")
    job = store.add_job({})
    for wrong in ({"owner": "me"}, {"state": "lost"}):
        with pytest.raises(StoreError, match="job: expected changes of state, started"):
            store.change_job(job.id, **wrong)
