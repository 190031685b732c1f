"""The command line, `feint COMMAND ...`: commands made from the catalog's experiments, and a few of its own.

Heavy libraries are imported by the commands that use them; all that can be wrong about a command is said before that.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn, final

from feint import catalog
from feint.app.output import reserved_output, say, silence, written
from feint.errors import FeintError, SpecError, said
from feint.printable import printable

UNEXPECTED, BAD_INPUT, INTERRUPTED = 1, 2, 130
OWN = {
    "run": "run experiments that a YAML file describes",
    "report": "make a run's report again from its folder",
    "runs": "list, show, export and delete what was run",
    "compare": "runs side by side: settings that differ, and what came of them",
    "query": "ask the records of all runs with SQL",
    "serve": "open the workbench in a browser: runs, attacks, jobs and victims",
    "catalog": "list what there is, or show one thing's settings and reference",
    "completion": "print a script that completes commands and flags in a shell",
}
"""Commands that are no experiments, by the module of feint.app that has them."""
STORE = ("runs", "compare", "query")
"""Those of them whose modules are in feint.app.store."""


LISTED: list[str] = []
"""Arguments, this very list, in whose place a command hands over its parser: see ``flags_of``."""


@final
class Listed(Exception):
    """A command's parser was asked for."""

    def __init__(self, parser: "Parser") -> None:
        super().__init__()
        self.parser = parser


@final
class Helped(Exception):
    """A command's help was asked for, and printed."""


@final
class Parser(argparse.ArgumentParser):
    """An argparse parser whose mistakes are one line, raised rather than printed, with the nearest valid name."""

    def print_help(self, file: object = None) -> None:
        """Print it as a result, which nothing else is mixed into."""
        say(self.format_help().rstrip())

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Done: the help was printed."""
        raise Helped

    def error(self, message: str) -> NoReturn:
        """Say what was wrong with the arguments, and where to look."""
        raise SpecError(f"{message} (see {self.prog} --help)")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """One of a few words, or the nearest of them is named."""
        if action.choices is not None and value not in action.choices:
            from feint.runs.settings import near

            words = [str(each) for each in action.choices]
            came = f"{value!r}{near(str(value), words)}" if value else "nothing"
            raise argparse.ArgumentError(action, f"expected one of {', '.join(words)}, got {came}")

    def parse_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse, or say which argument is unknown and which it might have been."""
        if arguments is LISTED:
            raise Listed(self)
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            from feint.runs.settings import near

            name = unknown[0].partition("=")[0]
            self.error(f"unrecognized argument {unknown[0]}{near(name, self.flags())}")
        return options

    def flags(self) -> list[str]:
        """With their dashes."""
        return [name for action in self._actions for name in action.option_strings]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0; 2 after bad input (one line on standard error says what was expected and what came); 130 after
        Ctrl-C; 1 after anything that feint did not foresee.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # Read when torch is imported: threads sleep while they wait for each other. They would spin, and on a machine with
    # other work take several times as long for it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Python would import from the folder that a process of ours is started in, where a stranger's json.py may lie.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    try:
        _somewhere()
        with reserved_output(), suppress(Helped):
            command_of(arguments)()
        _flush()
    except FeintError as error:
        if "--debug" in arguments:
            raise
        print(f"feint: {printable(str(error))}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        echoed = "\n" if sys.stderr.isatty() else ""  # a terminal shows ^C where the cursor stands
        print(
            f"{echoed}feint: interrupted; what was computed is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone, e.g. `head`: nothing is left to say
        silence()
    except BaseException as error:
        if "--debug" in arguments:
            raise
        print(f"feint: unexpected {printable(said(error))} (--debug shows where)", file=sys.stderr)
        return UNEXPECTED
    return 0


def _somewhere() -> None:
    """Raise a SpecError where the folder that feint was called in is gone: every relative path is meant from there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise SpecError("expected to be called in a folder, got one that was deleted; go to another") from None


def command_of(arguments: Sequence[str]) -> Callable[[], None]:
    """What the arguments ask for, checked as far as that goes without computing.

    Raises:
        SpecError: there is no such command, or its arguments are wrong.
    """
    first, *rest = arguments or ["--help"]
    if first in ("-h", "--help"):
        return _help
    if first == "--version":
        return _version
    if first in OWN:
        return own_command(first)(rest)
    reference = catalog.EXPERIMENTS.get(first)
    title = first
    if first == "reproduce":
        if not rest or rest[0] in ("-h", "--help"):
            return _papers
        title, rest = f"reproduce {rest[0]}", rest[1:]
        reference = catalog.PAPERS.get(arguments[1])
        _known(arguments[1], catalog.PAPERS, "reproduce: expected a table")
    else:
        _known(first, {**catalog.EXPERIMENTS, **OWN, "reproduce": ""}, "expected a command")
    from feint.app.experiment import command

    assert reference is not None
    return command(title, reference, rest, shlex.join(["feint", *arguments]))


def own_command(name: str) -> Callable[[Sequence[str]], Callable[[], None]]:
    """A command that is no experiment: from its arguments to what it does."""
    home = "feint.app.store" if name in STORE else "feint.app"
    return import_module(f"{home}.{name}").command


def flags_of(name: str) -> list[str]:
    """The flags of a command that is no experiment."""
    try:
        own_command(name)(LISTED)
    except Listed as found:
        return found.parser.flags()
    raise AssertionError(f"{name} has no parser")


def _known(name: str, names: dict[str, str], expected: str) -> None:
    if name not in names:
        from feint.runs.settings import near

        raise SpecError(f"{expected}, one of {', '.join(names)}, got {name!r}{near(name, names)} (see feint --help)")


def _help() -> None:
    from feint.app.sources import first_line

    lines = {name: first_line(reference) for name, reference in catalog.EXPERIMENTS.items()}
    lines["reproduce"] = f"a paper's table beside its own figures: {', '.join(catalog.PAPERS)}"
    width = max(map(len, (*lines, *OWN)))
    say(
        "usage: feint COMMAND ...     (feint COMMAND --help tells more; feint --version)\n\n"
        "How far can a classifier's uncertainty be trusted once somebody attacks it?\n\nexperiments\n"
        + "\n".join(f"  {name.ljust(width)}  {line}" for name, line in lines.items())
        + "\n\nmore\n"
        + "\n".join(f"  {name.ljust(width)}  {line}" for name, line in OWN.items())
    )


def _papers() -> None:
    from feint.app.sources import first_line

    width = max(map(len, catalog.PAPERS), default=0)
    say(
        "usage: feint reproduce TABLE ...     (feint reproduce TABLE --help tells more)\n\n"
        + "\n".join(f"  {name.ljust(width)}  {first_line(reference)}" for name, reference in catalog.PAPERS.items())
    )


def _version() -> None:
    import feint

    say(f"feint {feint.__version__}")


def _flush() -> None:
    """Write out what was printed while it can still be said that this failed."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  it was closed before we began
        return
    with written():
        sys.stdout.flush()
