"""A worker's side: it prepares a run's work once, keeps what that loaded, and computes pieces as they are asked for."""

import os
import pickle
import select
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn, final

from feint.errors import SpecError
from feint.runs.blame import blamed
from feint.runs.folder.ledger import run_id
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.settings import RunSettings
from feint.runs.work import Found, Piece, Stage

from .computing import Computer
from .runner import Task


@final
@dataclass(frozen=True)
class Order:
    """A piece to compute.

    Attributes:
        task: the run that it is of.
        stage: the stage's name.
        piece: which.
        scratch: its own folder.
        shard: inputs to compute at a time, at most.
        device: where, if the worker has one of its own.
    """

    task: Task
    stage: str
    piece: Piece
    scratch: Path
    shard: int | None = None
    device: str | None = None


@final
@dataclass(frozen=True)
class Failure:
    """What a piece raised.

    Attributes:
        error: the exception, as far as it can be sent.
        trace: where it came from, as text.
    """

    error: Exception
    trace: str

    def reraise(self) -> NoReturn:
        """Raise it on this side, with the other side's traceback beside it."""
        self.error.add_note(f"in a worker:\n{self.trace}")
        raise self.error


@final
class Worker:
    """Computes pieces of one run after the other; networks stay loaded as long as the run is the same."""

    def __init__(self) -> None:
        self._run: tuple[Path, RunSettings] | None = None
        self._stages: dict[str, Stage] = {}
        self._earlier: tuple[str, Run] | None = None
        self._computer = Computer()
        self._steady = ExitStack()

    def answer(self, order: Order) -> Found | Failure:
        """What an order comes to, or what it raised."""
        try:
            with blamed():
                return self._compute(order)
        except BaseException as error:  # whatever it is, it is the driver's; this process goes on
            return failure(error)

    def _compute(self, order: Order) -> Found:
        if self._run != (order.task.path, order.task.settings):  # what is no part of the id may differ in one run
            self._begin(order)
        if order.shard is not None and (self._computer.shard is None or order.shard < self._computer.shard):
            self._computer.shard = order.shard
        if self._earlier is None or self._earlier[0] != order.stage:
            task = order.task
            self._earlier = order.stage, Run(task.path, task.experiment, task.state)
        return self._computer.compute(self._stages[order.stage], order.piece, self._earlier[1], order.scratch)

    def _begin(self, order: Order) -> None:
        """Prepare the work, and see that it is the driver's."""
        self._steady.close()
        self._run, self._earlier, self._computer, self._stages = None, None, Computer(), {}
        task = order.task
        settings = task.settings if order.device is None else task.settings.but(device=order.device)
        machine = Machine.find(settings, victims=task.victims, allow_code=task.allow_code)
        self._steady.enter_context(machine.steady())
        work = task.experiment.prepare(settings, machine)
        asked = work.settings.but(device=task.settings.device).plain()
        found = run_id(task.experiment.name, asked, work.identity)
        if found != task.path.name:
            raise SpecError(f"a worker sees other data, weights or code: expected run {task.path.name}, got {found}")
        self._stages = {stage.name: stage for stage in work.stages if isinstance(stage, Stage)}
        self._run = task.path, task.settings


def failure(error: BaseException) -> Failure:
    """An exception as it can be sent to another process: as it is, or as what it says."""
    trace = "".join(traceback.format_exception(error))
    try:
        again: Any = pickle.loads(pickle.dumps(error))
        if isinstance(again, Exception) and str(again) == str(error):
            return Failure(again, trace)
    except Exception:  # whatever a foreign exception does when it is copied
        pass
    return Failure(RuntimeError(f"{type(error).__name__}: {error}"), trace)


def serve(connection: Connection) -> None:
    """Answer orders until the driver is gone; if it is killed while a piece is computed, end at once."""
    Thread(target=_end_with, args=(connection.fileno(),), daemon=True).start()
    worker = Worker()
    while True:
        try:
            order: Order = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(worker.answer(order))


def _end_with(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # nothing but that the other end was closed
    poll.poll()
    os._exit(1)
