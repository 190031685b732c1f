"""What actors do by themselves, without a cluster."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from feint.errors import SpecError
from feint.runs.runners import cluster
from feint.runs.runners.runner import Task
from feint.runs.runners.worker import Order
from feint.runs.work import Piece

from ..faulty import FAULTY, FaultySettings


def order_for(folder: Path) -> Order:
    settings = FaultySettings(folder=str(folder), driver=0, threads=2)
    task = Task(FAULTY, settings, folder / "elsewhere" / "faulty-1", {}, folder / "victims", False)
    return Order(task, "drawn", Piece("00000"), folder / "scratch")


@pytest.mark.parametrize(("free", "there"), [(1.0, False), (2.0, True), (3.0, True)])
def test_there_is_room_where_as_many_cpus_are_free_as_an_actor_takes(free, there):
    actors = cluster.Actors(SimpleNamespace(available_resources=lambda: {"CPU": free}), 2, None)
    assert actors.room(1), "nothing has begun yet"
    actors._began, actors._cpus = True, 2
    assert actors.room(1) is there


def test_who_does_not_answer_is_waited_for_no_longer_than_said(monkeypatch):
    waited: list[object] = []

    def connect(place, timeout=None):
        waited.append((place, timeout))
        raise TimeoutError("timed out")

    monkeypatch.setattr(cluster.socket, "create_connection", connect)
    with pytest.raises(SpecError, match=r"a Ray cluster, got 'ray://127\.0\.0\.1:9': timed out"):
        cluster._check(None, "ray://127.0.0.1:9")
    assert waited == [(("127.0.0.1", 9), cluster.ANSWER)]


def test_a_piece_that_is_asked_for_again_finds_its_folder(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'feint[ray]'")
    monkeypatch.setattr(ray, "get", lambda reference: {"run.json": reference})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    actor = cluster.Actor([], str(tmp_path))
    given: list[Order] = []
    monkeypatch.setattr(actor, "_worker", SimpleNamespace(answer=given.append))
    with actor._folder:
        for _ in range(2):
            actor.answer(pickle.dumps(order_for(tmp_path)), [b"state"])
        first, again = given
        assert first == again
        assert first.scratch.is_dir()
        assert (first.task.path / "run.json").read_bytes() == b"state"
