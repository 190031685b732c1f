"""`feint completion SHELL`: a script that completes commands and flags.

eval "$(feint completion bash)"
feint completion zsh > ~/.zfunc/_feint
feint completion fish > ~/.config/fish/completions/feint.fish
"""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module

from feint import catalog
from feint.app import cli
from feint.app.catalog import KINDS
from feint.app.cli import OWN, Parser
from feint.app.output import say
from feint.app.store.runs import VERBS

SHELLS = ("bash", "zsh", "fish")


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What prints the script.

    Raises:
        SpecError: no such shell.
    """
    parser = Parser(
        prog="feint completion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=SHELLS, help="which shell")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    if arguments and arguments[0] in {**OWN, **catalog.EXPERIMENTS}:
        parser.error(
            f"shell: expected one of {', '.join(SHELLS)}, whose script completes all commands, got {arguments[0]!r}"
        )
    options = parser.parse_all(arguments)
    return lambda: say(script(options.shell))


def words() -> dict[str, list[str]]:
    """The flags of every command, and where it takes one of a few words, those."""
    from feint.app.experiment import parser_of
    from feint.app.flags import flags_of
    from feint.runs.things import loaded

    def flags(title: str, reference: str) -> list[str]:
        doc = import_module(reference.partition(":")[0]).__doc__ or ""
        return parser_of(title, doc, flags_of(loaded(reference).settings)).flags()

    found = {name: cli.flags_of(name) for name in OWN}
    found |= {name: flags(name, reference) for name, reference in catalog.EXPERIMENTS.items()}
    tables = [flags(f"reproduce {name}", reference) for name, reference in catalog.PAPERS.items()]
    follow = {"attack": list(catalog.ATTACKS), "catalog": [name for names in KINDS.values() for name in names]}
    follow |= {"completion": list(SHELLS), "runs": list(VERBS)}
    found = {name: [*follow.get(name, ()), *flags] for name, flags in found.items()}
    return {**found, "reproduce": [*catalog.PAPERS, *dict.fromkeys(flag for known in tables for flag in known)]}


def script(shell: str) -> str:
    """The script for a shell."""
    known = words()
    commands = " ".join(known)
    match shell:
        case "fish":
            lines = [f"complete -c feint -f -n __fish_use_subcommand -a '{commands}'"]
            for name, flags in known.items():
                seen = f"-n '__fish_seen_subcommand_from {name}'"
                lines += [
                    f"complete -c feint {seen} -l {flag[2:]}"
                    if flag.startswith("--")
                    else f"complete -c feint {seen} -a {flag}"
                    for flag in flags
                    if flag != "-h"
                ]
            return "\n".join(lines)
        case _:
            cases = "\n".join(f"    {name}) words='{' '.join(flags)}' ;;" for name, flags in known.items())
            body = (
                "_feint() {\n"
                '  local words="" current="${COMP_WORDS[COMP_CWORD]}"\n'
                '  case "${COMP_WORDS[1]}" in\n'
                f"{cases}\n"
                f"    *) words='{commands}' ;;\n"
                "  esac\n"
                f"  [ \"$COMP_CWORD\" = 1 ] && words='{commands}'\n"
                '  COMPREPLY=( $(compgen -W "$words" -- "$current") )\n'
                "}\n"
                "complete -o default -F _feint feint"
            )
            return body if shell == "bash" else f"autoload -U +X bashcompinit && bashcompinit\n{body}"
