"""What an experiment comes to once its settings have met the machine: stages, each of pieces that run in any order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy.typing as npt
import pyarrow as pa

from .settings import RunSettings

if TYPE_CHECKING:
    from .experiment import Experiment
    from .folder.delivery import Delivery
    from .run import Run

Array = npt.NDArray[Any]


@final
@dataclass(frozen=True)
class Piece:
    """What is computed, and lost, at a time.

    Attributes:
        name: its file's, and what its place in the tables goes by.
        size: how much of the work it is, in the stage's unit.
        at: what its stage knows it by: a victim's position, a first and a last sample.
        without: samples that are left out of it, because of ``NAN``.
    """

    name: str
    size: int = 1
    at: tuple[int, ...] = ()
    without: frozenset[int] = frozenset()


@final
@dataclass(frozen=True)
class Found:
    """What a piece came to.

    Attributes:
        tables: by name, with the schemas that the stage declares.
        arrays: by name, several arrays each.
        skipped: where inputs stand that could not be read, and why.
        notes: what else is to be remembered, and is not the same twice: seconds. JSON.
    """

    tables: Mapping[str, pa.Table] = field(default_factory=dict[str, pa.Table])
    arrays: Mapping[str, Mapping[str, Array]] = field(default_factory=dict[str, Mapping[str, Array]])
    skipped: Sequence[tuple[str, str]] = ()
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])


class NothingRead(Exception):
    """What a piece raises that has no input that can be read: it is recorded as empty, with what was skipped."""

    def __init__(self, skipped: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"nothing of {len(skipped)} inputs could be read")
        self.skipped = tuple(skipped)


NAN = "the network returns NaN or infinity for it"
"""Why an input is left out that a network has no numbers for."""


Compute = Callable[[Piece, "Run", Path], Found]
"""A piece, what earlier stages found, and a folder of the piece's own that is kept until it is whole."""


@final
@dataclass(frozen=True)
class Stage:
    """Some of a run's work; it begins when the earlier stages are whole, and its pieces run in any order.

    Attributes:
        name: what it is called.
        pieces: in the order of the tables.
        compute: what a piece comes to; a function of its arguments and of what ``prepare`` has loaded.
        tables: those that every piece adds to, with their schemas.
        arrays: those that every piece adds to.
        unit: what the pieces' sizes count.
        cut: a piece as several of at most so many units, one after the other, for less memory at a time; None where
            that cannot be. What they come to is joined as ``joining`` says, to the same rows in the same order.
        trial: a piece in short, and how many times that would be the whole piece: what is timed of a piece that takes
            long and cannot be cut.
    """

    name: str
    pieces: Sequence[Piece]
    compute: Compute
    tables: Mapping[str, pa.Schema] = field(default_factory=dict[str, pa.Schema])
    arrays: Sequence[str] = ()
    unit: str = "images"
    cut: Callable[[Piece, int], Sequence[Piece]] | None = None
    trial: "Callable[[Piece, Run, Path], tuple[Found, float]] | None" = None

    @classmethod
    def single(
        cls, name: str, compute: Compute, tables: Mapping[str, pa.Schema] | None = None, arrays: Sequence[str] = ()
    ) -> "Stage":
        """A stage of one piece."""
        return cls(name, [Piece(name)], compute, tables or {}, arrays, "steps")


@final
@dataclass(frozen=True)
class Child:
    """Another experiment with settings, as part of this one."""

    experiment: "Experiment[Any]"
    settings: RunSettings


@final
@dataclass(frozen=True)
class Children:
    """A stage of whole runs: what the papers' tables are made of.

    Attributes:
        name: what it is called.
        runs: by the names that the summary finds them under.
    """

    name: str
    runs: Mapping[str, Child]


@final
@dataclass(frozen=True)
class Work:
    """Everything that a run will do.

    Attributes:
        settings: resolved: cards read, shorthands expanded, device, threads and batch size as they are. Hashed, with
            the identity, to the run's id.
        identity: what else determines the numbers: fingerprints of data, weights, a user's own code. JSON.
        about: what readers need later: names of classes and victims, shapes, what draws. JSON.
        stages: one after the other.
        deliver: writes what outlives the run.
        places: folders outside of the run's that it writes to, and works on alone.
    """

    settings: RunSettings
    identity: Mapping[str, Any]
    about: Mapping[str, Any]
    stages: Sequence[Stage | Children]
    deliver: "Callable[[Run, Delivery], None] | None" = None
    places: Sequence[Path] = ()
