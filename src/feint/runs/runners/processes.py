"""Workers that are processes of this machine, started afresh, with a device of their own each if there are several."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, final

from feint.errors import WorkerError
from feint.runs.work import Found

from .crew import Crew, Ended
from .worker import Failure, Order

_BEGIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:] = connection.recv()
from feint.runs.runners.worker import serve
serve(connection)
"""
"""What a worker begins with. Ctrl-C is the driver's business. (-P: nothing is imported from where it happens to be.)"""


def processes(workers: int | None = None, devices: Sequence[str] = (), shard: int | None = None) -> Crew:
    """A runner of processes on this machine.

    Args:
        workers: how many; None for one per device, or else two.
        devices: where they compute, one after the other; none for the device that the run asks for.
        shard: inputs that are computed at a time, at most; None for whole pieces.
    """
    return Crew(Processes(workers or len(devices) or 2, devices), shard)


@final
@dataclass(frozen=True)
class _Process:
    """A worker and the way to it."""

    handle: subprocess.Popen[bytes]
    connection: Connection


@final
class Processes:
    """Processes by number. They are no forks: threads and accelerators do not outlive a fork.

    Args:
        count: how many.
        devices: theirs, one after the other.
    """

    def __init__(self, count: int, devices: Sequence[str] = ()) -> None:
        self.count = count
        self._devices = tuple(devices)
        self._there: dict[int, _Process] = {}

    def ask(self, number: int, order: Order) -> None:
        """Give a worker something to do; one that is not there is started."""
        if number not in self._there:
            self._there[number] = _started()
        if self._devices:
            order = replace(order, device=self._devices[number % len(self._devices)])
        with contextlib.suppress(OSError):  # it is gone: the next to listen to it hears so
            self._there[number].connection.send(order)

    def answers(self) -> list[tuple[int, Found | Failure | Ended]]:
        """Wait until some have an answer, or are gone."""
        numbers: dict[Any, int] = {each.connection: number for number, each in self._there.items()}
        found: list[tuple[int, Found | Failure | Ended]] = []
        for ready in wait(list(numbers)):
            number = numbers[ready]
            try:
                found.append((number, self._there[number].connection.recv()))
            except (EOFError, OSError):
                found.append((number, self._ended(number)))
        return found

    def room(self, number: int) -> bool:
        """There is always room for a process."""
        return True

    def _ended(self, number: int) -> Ended:
        handle = self._there[number].handle
        code = handle.wait()
        self.end(number)
        if code == -signal.SIGKILL:
            return Ended("was killed, as the system does when memory runs out", memory=True)
        return Ended(f"ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}")

    def end(self, number: int) -> None:
        """End a worker, in the middle of whatever it does."""
        if (process := self._there.pop(number, None)) is not None:
            process.handle.kill()
            process.handle.wait()
            process.connection.close()

    def close(self) -> None:
        """End them all."""
        for number in range(self.count):
            self.end(number)


def _started() -> _Process:
    """A new process.

    Raises:
        WorkerError: the system has none to give.
    """
    here, there = Pipe()
    try:
        handle = subprocess.Popen(
            [sys.executable, "-P", "-c", _BEGIN, str(there.fileno())],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=2,  # standard output is for results
        )
    except OSError as error:
        here.close()
        raise WorkerError(f"a worker: expected a process of {sys.executable}, got: {error.strerror}") from error
    finally:
        there.close()
    here.send(sys.path)
    return _Process(handle, here)
