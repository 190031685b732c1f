import asyncio
import os
import shutil

import pytest

from feint.app.web import worker
from feint.app.web.worker import Worker, WorkerError
from feint.errors import SpecError


def keep(**given):
    return {"given": given, "calls": 0, "pid": os.getpid()}


def count(kept, step):
    kept["calls"] += step
    return kept["calls"], kept["pid"], kept["given"]


def wrong(kept):
    raise SpecError("steps: expected a number, got nine")


def broken(kept):
    raise ZeroDivisionError("first line\nsecond line")


def gone(kept):
    os._exit(3)


def slow(kept):
    import time

    time.sleep(60)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """This file as a module that another process can import too."""
    shutil.copyfile(__file__, tmp_path / "worker_calls.py")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(tmp_path)
    found = Worker("the tester", "worker_calls:keep", colour="red")
    yield found
    found.stop()


def test_calls_share_what_is_kept_in_a_process_of_its_own(here):
    async def ask():
        first = await here.call("worker_calls:count", step=2)
        return first, await here.call("worker_calls:count", step=3)

    first, second = asyncio.run(ask())
    assert first[0] == 2
    assert second[0] == 5
    assert first[1] == second[1] != os.getpid()
    assert first[2] == {"colour": "red"}


def test_errors_come_back_as_they_are_and_the_process_goes_on(here):
    async def ask():
        with pytest.raises(SpecError, match="steps: expected a number, got nine"):
            await here.call("worker_calls:wrong")
        with pytest.raises(WorkerError, match=r"the tester: unexpected ZeroDivisionError: first line$"):
            await here.call("worker_calls:broken")
        return await here.call("worker_calls:count", step=1)

    assert asyncio.run(ask())[0] == 1


def test_a_process_that_dies_or_takes_too_long_is_started_again(here, monkeypatch):
    async def ask():
        with pytest.raises(WorkerError, match="its process has gone"):
            await here.call("worker_calls:gone")
        before = await here.call("worker_calls:count", step=1)
        monkeypatch.setattr(worker, "SECONDS", 0.5)
        with pytest.raises(WorkerError, match=r"expected an answer within 0.5 seconds"):
            await here.call("worker_calls:slow")
        monkeypatch.setattr(worker, "SECONDS", 60.0)
        return before, await here.call("worker_calls:count", step=1)

    before, after = asyncio.run(ask())
    assert before[0] == after[0] == 1
    assert before[1] != after[1]
