"""The command line, `feint COMMAND ...`. Heavy libraries are imported by the commands that use them."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, final

from feint.app import attack, audit, catalog, detect, interpolate, latent, per_class, reproduce, span, spread, train
from feint.app.output import reserved_output
from feint.errors import FeintError, SpecError, StoreError

UNEXPECTED, BAD_INPUT, INTERRUPTED = 1, 2, 130
COMMANDS = {
    "audit": audit,
    "attack": attack,
    "detect": detect,
    "per-class": per_class,
    "span": span,
    "train": train,
    "reproduce": reproduce,
    "latent": latent,
    "interpolate": interpolate,
    "spread": spread,
    "catalog": catalog,
}


@final
class Parser(argparse.ArgumentParser):
    """An argparse parser whose mistakes are one line, raised rather than printed."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong with the arguments, and where to look."""
        raise SpecError(f"{message} (see {self.prog} --help)")


def parser() -> Parser:
    """The parser of all commands."""
    top = Parser(
        prog="feint", description="How far can a classifier's uncertainty be trusted once somebody attacks it?"
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        summary, _, rest = (command.__doc__ or "").partition("\n")
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{rest}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0; 2 after bad input (one line on standard error says what was expected and what came); 130 after
        Ctrl-C; 1 after anything that feint did not foresee.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = parser().parse_args(arguments)
        options.command_line = " ".join(["feint", *arguments])
        with reserved_output():
            options.run(options)
        _flush()
    except FeintError as error:
        if "--debug" in arguments:
            raise
        print(f"feint: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        echoed = "\n" if sys.stderr.isatty() else ""  # a terminal shows ^C where the cursor stands
        print(
            f"{echoed}feint: interrupted; what was computed is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone, e.g. `head`: nothing is left to say
        _silence()
    except Exception as error:
        if "--debug" in arguments:
            raise
        reason = (str(error).strip().splitlines() or ["it says no more"])[0]
        print(f"feint: unexpected {type(error).__name__}: {reason} (--debug shows where)", file=sys.stderr)
        return UNEXPECTED
    return 0


def _flush() -> None:
    """Write out what was printed while it can still be said that this failed."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _silence()
        raise StoreError(f"cannot write standard output: {error.strerror}") from error


def _silence() -> None:
    """Send what could not be printed nowhere, for Python tries again on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
