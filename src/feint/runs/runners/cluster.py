"""Workers that are actors of a Ray cluster: they may be on other machines, and be lost with them.

Actors hand back what they found, and the driver is the one writer of the run folder: two processes that believe to own
a piece, one of them cut off, cannot write it twice, and nothing but the driver needs to see the folder. What earlier
stages found goes to actors through Ray's object store, where the folder itself is out of their sight.
"""

import os
import pickle
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, final

from feint.errors import SpecError
from feint.runs.folder import files
from feint.runs.work import Found

from .crew import Crew, Ended
from .worker import Failure, Order, Worker

PATIENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_agent_register_timeout_ms": "180000",
}
"""Nothing is told to anybody; and a machine that is busy may take its time to start a cluster."""

ANSWER = 5.0
"""Seconds that a cluster has to take a connection."""


def on_ray(workers: int | None = None, address: str | None = None, shard: int | None = None) -> Crew:
    """A runner of actors on a Ray cluster.

    Args:
        workers: how many; each takes as many CPUs as the run has threads, and a GPU where it runs on one.
        address: of the cluster, or "auto" for the one that is there; None for one of this machine alone, which ends
            with the runner.
        shard: inputs that are computed at a time, at most; None for whole pieces.

    Raises:
        SpecError: Ray is not installed, or there is no such cluster.
    """
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise SpecError("runner: expected ray to be installed (pip install 'feint[ray]'), got none") from error
    if address is not None and not ray.is_initialized():
        _check(ray, address)
    return Crew(Actors(ray, workers or 2, address), shard)


def _check(ray: Any, address: str) -> None:
    """Raise a SpecError where nobody answers: Ray itself waits for minutes, and talks, when a run has begun."""
    try:
        there: str | None = address.partition("://")[2] or ray._private.services.canonicalize_bootstrap_address(address)
        if there is not None:  # "local" is none yet
            host, _, port = there.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
    except (OSError, ValueError) as error:
        raise _none(address, error) from error


def _none(address: str | None, error: Exception) -> SpecError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return SpecError(f"address: expected one of a Ray cluster, got {address!r}: {reason}")


@final
class Actors:
    """Actors by number.

    Args:
        ray: the library, which takes a second to import.
        count: how many.
        address: of the cluster; None for one of our own.
    """

    def __init__(self, ray: Any, count: int, address: str | None) -> None:
        self.count = count
        self._ray = ray
        self._address = address
        self._there: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}
        self._shipped: tuple[Path, str, Any] | None = None
        self._began = False
        self._cpus = 1

    def ask(self, number: int, order: Order) -> None:
        """Give an actor something to do; one that is not there is started, as soon as the cluster has room for it."""
        settings = order.task.settings
        self._cpus = settings.threads or 1
        self._begin()
        if number not in self._there:
            gpus = {"num_gpus": 1} if settings.device.startswith("cuda") else {}
            made = self._ray.remote(Actor).options(num_cpus=self._cpus, **gpus)
            self._there[number] = made.remote(sys.path, os.getcwd())
        content = pickle.dumps(order)
        self._asked[self._there[number].answer.remote(content, [self._earlier(order)])] = number

    def _begin(self) -> None:
        if self._began or self._ray.is_initialized():
            return
        own: dict[str, Any] = {"address": self._address}
        if self._address is None:
            own = {"num_cpus": self.count * self._cpus, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            self._ray.init(logging_level="error", **own)
        except (ConnectionError, ValueError) as error:
            raise _none(self._address, error) from error
        self._began = True

    def _earlier(self, order: Order) -> Any:
        """What earlier stages found, in the object store; put there once for a stage."""
        path = order.task.path
        if self._shipped is None or self._shipped[:2] != (path, order.stage):
            self._shipped = path, order.stage, self._ray.put(packed(path, order.stage))
        return self._shipped[2]

    def answers(self) -> list[tuple[int, Found | Failure | Ended]]:
        """Wait until one has an answer, or is gone."""
        ready, _ = self._ray.wait(list(self._asked), num_returns=1)
        return [(self._asked[each], self._answer(each)) for each in ready]

    def _answer(self, asked: Any) -> Found | Failure | Ended:
        number = self._asked.pop(asked)
        errors = self._ray.exceptions
        try:
            return pickle.loads(self._ray.get(asked))
        except errors.RayActorError as error:
            self._there.pop(number, None)
            memory = "memory" in str(error).lower()
            return Ended("was killed for its memory" if memory else "was lost, or its node", memory)
        except errors.RayError as error:
            self.end(number)
            return Ended(f"could not answer ({str(error).splitlines()[0]})")

    def room(self, number: int) -> bool:
        """Whether it is there, or the cluster has as many CPUs to spare as it takes."""
        if number in self._there or not self._began:
            return True
        return self._ray.available_resources().get("CPU", 0) >= self._cpus

    def end(self, number: int) -> None:
        """End an actor, in the middle of whatever it does; with the last one, a cluster of our own."""
        actor = self._there.pop(number, None)
        self._asked = {asked: who for asked, who in self._asked.items() if who != number}
        if actor is not None:
            with suppress(Exception):  # it may be gone already
                self._ray.kill(actor)

    def close(self) -> None:
        """Leave the cluster; one of our own ends."""
        for number in range(self.count):
            self.end(number)
        if self._began:
            self._began, self._shipped = False, None
            self._ray.shutdown()


class Actor:
    """A worker as an actor.

    Args:
        path: where the driver finds modules.
        folder: where the driver works: what settings name is found from there, if it is there.
    """

    def __init__(self, path: list[str], folder: str) -> None:
        sys.path[:] = [*path, *(each for each in sys.path if each not in path)]
        with suppress(OSError):
            os.chdir(folder)
        self._worker = Worker()
        self._folder = TemporaryDirectory(prefix="feint-worker-")
        self._laid: tuple[str, str] | None = None

    def answer(self, content: bytes, earlier: list[Any]) -> bytes:
        """What an order comes to."""
        order: Order = pickle.loads(content)
        if files.read_sealed(order.task.path / "run.json") is None:  # the driver's folder is on another machine
            import ray  # pyright: ignore[reportMissingImports]

            library: Any = ray
            place = Path(self._folder.name) / order.task.path.name
            key = order.task.path.name, order.stage
            if self._laid != key:
                lay(library.get(earlier[0]), place)
                self._laid = key
            scratch = place / ".scratch" / order.stage / order.piece.name
            scratch.mkdir(parents=True, exist_ok=True)
            order = replace(order, task=replace(order.task, path=place), scratch=scratch)
        return pickle.dumps(self._worker.answer(order))


def packed(path: Path, stage: str) -> dict[str, bytes]:
    """What a stage's pieces may read: the run's state, and all that other stages wrote."""
    found = {"run.json": (path / "run.json").read_bytes()}
    for entry in sorted((path / "ledger").glob("*/*.json")):
        manifest = files.read_entry(entry)
        if entry.parent.name in (stage, "derived") or manifest is None:
            continue
        names: Mapping[str, str] = manifest["files"]
        found |= {name: (path / name).read_bytes() for name in (*names, str(entry.relative_to(path)))}
    return found


def lay(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write what was packed."""
    for name, content in contents.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
