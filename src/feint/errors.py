"""What can go wrong, as a tree.

    FeintError
    ├── InputError            also a ValueError: something that was handed in is not what was expected
    │   ├── DataError         images, labels or the files they come from
    │   ├── NetworkError      a network that cannot be loaded, or does not map images to logits
    │   │   ├── WeightsError  a file of weights that cannot be read, or does not fit the network
    │   │   └── NotFinite     a network that returns NaN or infinity for some inputs
    │   ├── AttackError       radii, budgets and settings of attacks
    │   ├── NotApplicable     a measure that this kind of prediction does not have
    │   └── SpecError         a command line or an experiment's description
    ├── StoreError            a run folder that cannot be written or read
    └── WorkerError           a worker that ended before its work, again and again

Every message is one line that says what was expected and what came. The command line prints it and exits with code 2.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import final

from feint.printable import printable


class FeintError(Exception):
    """The root: everything feint raises on purpose."""

    def __str__(self) -> str:
        """One line that a terminal can show, whatever names from files it holds."""
        return printable(super().__str__())


class InputError(FeintError, ValueError):
    """Something handed in is not what was expected."""


@final
class DataError(InputError):
    """Images, labels or the files they come from."""


class NetworkError(InputError):
    """A network that cannot be loaded, or does not map images to logits."""


@final
class WeightsError(NetworkError):
    """A file of weights that cannot be read, or does not fit the network."""


@final
class NotFinite(NetworkError):
    """A network that returns NaN or infinity for some inputs.

    Attributes:
        samples: their indices in the data set, where they are known; runs note them and go on without them.
    """

    samples: frozenset[int] = frozenset()


@final
class AttackError(InputError):
    """Radii, budgets and settings of attacks."""


@final
class NotApplicable(InputError):
    """A measure that this kind of prediction does not have."""


@final
class SpecError(InputError):
    """A command line or an experiment's description."""


@final
class StoreError(FeintError):
    """A run folder that cannot be written or read."""


@final
class WorkerError(FeintError):
    """A worker that ended before its work, again and again."""


def said(error: BaseException) -> str:
    """What kind of exception it is, and the first line of what it says, in one line."""
    try:
        lines = str(error).strip().splitlines()
    except Exception as another:  # a stranger's exception may not even be read
        lines = [f"{type(another).__name__} when it was read"]
    return f"{type(error).__name__}: {lines[0] if lines else 'it says no more'}"


@contextmanager
def foreign(
    told: Callable[[BaseException], FeintError] = lambda error: NetworkError(said(error)),
    *,
    but: tuple[type[BaseException], ...] = (),
) -> Generator[None]:
    """Inside runs a stranger's code: all that it raises is a FeintError, ``sys.exit`` and what is no Exception too.

    Only the user's interrupt goes through.

    Args:
        told: what is raised in an exception's place.
        but: what goes through as well.
    """
    try:
        yield
    except (KeyboardInterrupt, *but):
        raise
    except BaseException as error:
        raise told(error) from error
