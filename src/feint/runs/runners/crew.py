"""What hands pieces out to workers, takes back what they came to, and sees to those that end before their work."""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Protocol, final, runtime_checkable

from feint.errors import WorkerError
from feint.runs.work import Found, Piece

from .computing import say
from .runner import Job, Local
from .worker import Failure, Order

TRIES = 4
"""So often a piece is begun whose worker ends before it has come to something."""


@final
@dataclass(frozen=True)
class Ended:
    """A worker is gone.

    Attributes:
        reason: what is known of it.
        memory: whether it is what happens to a process when memory runs out.
    """

    reason: str
    memory: bool = False


@runtime_checkable
class Workers(Protocol):
    """Some workers, by number, wherever they are."""

    @property
    def count(self) -> int:
        """How many."""
        ...

    def ask(self, number: int, order: Order) -> None:
        """Give a worker something to do; one that is not there is started."""
        ...

    def answers(self) -> list[tuple[int, Found | Failure | Ended]]:
        """Wait until some have an answer, or are gone."""
        ...

    def room(self, number: int) -> bool:
        """Whether a worker is there, or could be started at once."""
        ...

    def end(self, number: int) -> None:
        """End a worker, in the middle of whatever it does."""
        ...

    def close(self) -> None:
        """End them all, and whatever they live in."""
        ...


@final
class Crew:
    """A runner of several workers.

    Args:
        workers: who computes.
        shard: inputs that are computed at a time, at most; None for whole pieces.
    """

    here = False

    def __init__(self, workers: Workers, shard: int | None = None) -> None:
        self._workers = workers
        self._shard = shard
        self._local = Local(shard)

    def found(self, job: Job) -> Generator[tuple[Piece, Found]]:
        """Each piece with what it came to, in the order that they are done in.

        A stage of one piece is computed here, where the work is prepared anyway.
        """
        if len(job.stage.pieces) == 1:
            yield from self._local.found(job)
            return
        waiting = deque(
            Order(job.task, job.stage.name, piece, job.scratch(piece).absolute(), self._shard) for piece in job.pieces
        )
        busy: dict[int, Order] = {}
        tries: dict[str, int] = {}
        try:
            while waiting or busy:
                for number in range(self._workers.count):
                    # Where nobody is at work, somebody is asked all the same, and waits for a place to be started at.
                    if waiting and number not in busy and (self._workers.room(number) or not busy):
                        self._give(number, waiting, busy)
                for number, answer in self._workers.answers():
                    if (order := busy.pop(number, None)) is None:
                        continue  # it ended while it had nothing to do
                    if isinstance(answer, Failure):
                        self._workers.end(number)  # what it prepared is not to be used again
                        answer.reraise()
                    if isinstance(answer, Ended):
                        waiting.appendleft(self._again(job, order, answer, tries))
                    else:
                        self._give(number, waiting, busy)  # before what came is written: nobody waits for the disk
                        yield order.piece, answer
        finally:
            for number in busy:
                self._workers.end(number)

    def _give(self, number: int, waiting: deque[Order], busy: dict[int, Order]) -> None:
        if waiting:
            order = waiting.popleft()
            self._workers.ask(number, order)
            busy[number] = order

    def _again(self, job: Job, order: Order, ended: Ended, tries: dict[str, int]) -> Order:
        """The same piece once more, in smaller parts if its worker ended twice as if memory had run out.

        Raises:
            WorkerError: it has been tried often enough.
        """
        name, piece = f"{order.stage} {order.piece.name}", order.piece
        tries[piece.name] = tries.get(piece.name, 0) + 1
        if tries[piece.name] >= TRIES:
            raise WorkerError(f"{name}: expected a worker to come to its end, got {TRIES} that {ended.reason}")
        at_once = min(piece.size, order.shard or piece.size)
        if ended.memory and tries[piece.name] > 1 and job.stage.cut is not None and at_once > 1:
            at_once = -(-at_once // 2)
            say(f"{name}: its worker {ended.reason}, again; once more, with {at_once} {job.stage.unit} at a time")
            return replace(order, shard=at_once)
        say(f"{name}: its worker {ended.reason}; once more")
        return order

    def close(self) -> None:
        """Let all workers go."""
        self._workers.close()
