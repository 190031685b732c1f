"""Streams that can only be read forward, kept open where the last read ended."""

import os
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, final, runtime_checkable

KEPT = 4
"""Streams of one source that stay open: of several readers at different places, each goes on from its own."""


@runtime_checkable
class Closable(Protocol):
    """What can be closed."""

    def close(self) -> object:
        """Give back what it holds."""
        ...


S = TypeVar("S", bound=Closable)


@final
@dataclass(eq=False)
class Place(Generic[S]):
    """An open stream, and how far it has been read.

    Attributes:
        stream: what is read.
        at: the next sample that it can give without going back.
        process: who opened it: a fork shares the file's position, and would disturb it.
    """

    stream: S
    at: int = 0
    process: int = field(default_factory=os.getpid)


@final
class Places(Generic[S]):
    """The open streams of one source.

    A read goes on from the furthest place that lies not beyond its start, so that reading part after part costs what
    reading once does; going back opens the stream anew. A place serves one reader at a time; a second one at the same
    time, in another thread too, gets a stream of its own. Copies start without any, in another process too.
    """

    def __init__(self) -> None:
        self._kept: list[Place[S]] = []
        weakref.finalize(self, _close, self._kept)

    def __reduce__(self) -> tuple[type["Places[S]"], tuple[()]]:
        return Places, ()

    @contextmanager
    def reading(self, start: int, end: int, open: Callable[[], S], since: int = 0) -> Generator[Place[S]]:
        """Inside, a place to read from; whoever reads moves its ``at``.

        Args:
            start: the first sample wanted.
            end: how many samples there are: a stream that has reached it is closed.
            open: opens the stream, at `since` or later.
            since: the earliest sample from which the stream can be opened to get to `start`.
        """
        place = self._claim(since, start)
        place = Place(open()) if place is None else place
        sound = False
        try:
            yield place
            sound = True
        except GeneratorExit:  # the reader stopped early, and the stream is where it says
            sound = True
            raise
        finally:
            if sound and place.at < end:
                self._keep(place)
            else:
                place.stream.close()

    def _claim(self, since: int, start: int) -> Place[S] | None:
        for place in sorted(self._kept, key=lambda place: place.at, reverse=True):
            if since <= place.at <= start and place.process == os.getpid():
                try:
                    self._kept.remove(place)  # one step, without a lock: of two threads, one finds it gone
                except ValueError:
                    continue
                return place
        return None

    def _keep(self, place: Place[S]) -> None:
        self._kept.append(place)
        _close(self._kept, KEPT)


def _close(places: list[Place[S]], but: int = 0) -> None:
    """Close all but the latest."""
    while len(places) > but:
        try:
            place = places.pop(0)
        except IndexError:  # another thread was faster
            return
        place.stream.close()
