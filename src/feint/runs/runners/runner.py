"""What a runner is: it computes pieces of a stage, wherever and in whatever order; the driver records them.

The driver is the one writer of a run folder. A piece is what the ledger holds, and is the same to the bit whoever
computes it; how many of its inputs are computed at a time (the shard) is the runner's own matter, and no part of the
run's id: what the parts of a piece come to is joined to the piece before it is recorded.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

from feint.runs.experiment import Experiment
from feint.runs.run import Run
from feint.runs.settings import RunSettings
from feint.runs.work import Found, Piece, Stage


@final
@dataclass(frozen=True)
class Task:
    """A run, as workers are told of it: all that another process needs to prepare the same work.

    Attributes:
        experiment: the value itself; nobody looks it up.
        settings: as asked, with the device, threads and batch size that they came to here: what ``prepare`` made of
            them in the driver it makes of them again, and the run's id is held against the driver's.
        path: the run's folder.
        state: what ``run.json`` says.
        victims: where trained victims lie, as it was said: their weights' places are part of the id.
        allow_code: whether programs may run that a victim's card names, and exported ones.
    """

    experiment: Experiment[Any]
    settings: RunSettings
    path: Path
    state: Mapping[str, Any]
    victims: Path
    allow_code: bool


@final
@dataclass(frozen=True)
class Job:
    """The pieces of a stage that are not there yet.

    Attributes:
        task: the run that they are of.
        stage: as the driver has prepared it.
        pieces: which.
        earlier: what earlier stages found.
        scratch: a piece's own folder.
    """

    task: Task
    stage: Stage
    pieces: Sequence[Piece]
    earlier: Run
    scratch: Callable[[Piece], Path]


@runtime_checkable
class Runner(Protocol):
    """Computes pieces."""

    @property
    def here(self) -> bool:
        """Whether it computes in this process, and so takes objects that were handed in."""
        ...

    def found(self, job: Job) -> Generator[tuple[Piece, Found]]:
        """Each piece with what it came to, as it comes.

        Raises:
            FeintError: what a piece raised, or a worker that cannot be kept alive.
        """
        ...

    def close(self) -> None:
        """Let workers go. Closing twice does no harm."""
        ...


@final
class Local:
    """In this process, piece after piece; what a piece raises comes through as it is.

    Args:
        shard: inputs that are computed at a time, at most; None for whole pieces.
    """

    here = True

    def __init__(self, shard: int | None = None) -> None:
        from .computing import Computer

        self._computer = Computer(shard)

    def found(self, job: Job) -> Generator[tuple[Piece, Found]]:
        """Each piece, in order."""
        for piece in job.pieces:
            yield piece, self._computer.compute(job.stage, piece, job.earlier, job.scratch(piece))

    def close(self) -> None:
        """There is nobody to let go."""
