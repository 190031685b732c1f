"""A process of its own that answers one call after the other, and keeps between calls what is slow to make."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, final

from feint.errors import FeintError, said

SECONDS = 120.0
"""A call that takes longer is given up, and its process with it."""


@final
class WorkerError(FeintError):
    """A call that came to nothing: its process was stopped, took too long, or met something unforeseen."""


@final
class Worker:
    """Calls functions ``module:name`` in a process that is started when it is first needed, and again if it dies.

    Args:
        name: what to call it in messages.
        keep: what the functions get as their first argument: made once in each process by this reference, of
            ``arguments``.
        arguments: for it.
    """

    def __init__(self, name: str, keep: str, **arguments: Any) -> None:
        self._name = name
        self._made = (keep, arguments)
        self._process: Any = None
        self._pipe: Connection | None = None
        self._turn = asyncio.Lock()

    async def call(self, function: str, /, **arguments: Any) -> Any:
        """Call a function there.

        Args:
            function: ``module:name``.
            **arguments: what can be pickled; so must the result.

        Raises:
            FeintError: what the function raised, or a WorkerError.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            try:
                told = await loop.run_in_executor(None, partial(self._ask, function, arguments))
            except (EOFError, OSError) as error:
                self.stop()
                raise WorkerError(f"{self._name}: its process has gone; ask again") from error
        match told:
            case ("found", found):
                return found
            case ("wrong", kind, message):
                raise kind(message)
            case _:
                raise WorkerError(f"{self._name}: {told[1]}")

    def _ask(self, function: str, arguments: dict[str, Any]) -> Any:
        if self._process is None or not self._process.is_alive():
            self._start()
        assert self._pipe is not None
        self._pipe.send((function, arguments))
        if not self._pipe.poll(SECONDS):
            self.stop()
            return "lost", f"expected an answer within {SECONDS:g} seconds, got none"
        return self._pipe.recv()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, *self._made), daemon=True)
        self._process.start()
        there.close()
        self._pipe = here

    def stop(self) -> None:
        """End its process, whatever it is at; the next call starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _found(reference: str) -> Callable[..., Any]:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


def _serve(pipe: Connection, keep: str, arguments: dict[str, Any]) -> None:
    """What the process does: answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    kept = _found(keep)(**arguments)
    while True:
        try:
            function, given = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            told: tuple[Any, ...] = ("found", _found(function)(kept, **given))
        except FeintError as error:
            told = ("wrong", type(error), str(error))
        except BaseException as error:  # of a stranger's network anything can come; this process goes on
            told = ("lost", f"unexpected {said(error)}")
        try:
            pipe.send(told)
        except (OSError, ValueError):
            return
