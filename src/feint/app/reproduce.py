"""Run a published experiment on the victims and data at hand, laid out as in its paper.

ace-softmax, ace-ensemble and ace-mc-dropout are tables 1 to 3 of Galil & El-Yaniv (NeurIPS 2021):

    feint reproduce ace-softmax --data cifar.npz --network model.py:victim --proxy model.py:other
    feint reproduce ace-ensemble --data mnist --network a.py:f --network b.py:g --foreign c.py:h
    feint reproduce ace-mc-dropout --data mnist --network model.py:with_dropout --draws 30,10

smith-gal-table-1 is table 1 of Smith & Gal (2018), which uncertainty sees an attack on cats and dogs:

    feint reproduce smith-gal-table-1 --data cats_dogs --features model.py:features

Every block of an ACE table is an audit with a run folder and a report of its own. What is there is not run again.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from feint.app import options as shared
from feint.app import reproduce_smith_gal
from feint.app.output import say
from feint.errors import SpecError

EXPERIMENTS = ("ace-softmax", "ace-ensemble", "ace-mc-dropout", "smith-gal-table-1")
ROLES = ("network", "proxy", "matching", "foreign")
DRAWS, REPEATS = "30,10", 3
ACE_ONLY = (
    *(f"{role}{what}" for role in ROLES for what in ("", "_weights")),
    *("victim", "sizes", "draws", "white_radii", "black_radii", "repeats", "limit", "split", "on_error"),
)
"""Options that smith-gal-table-1 does not have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint reproduce`."""
    parser.add_argument("experiment", choices=EXPERIMENTS, help="which one")
    shared.add_data(parser)
    group = parser.add_argument_group("who takes part")
    helps = {
        "network": "a victim; of ace-ensemble, a member",
        "proxy": "gives the gradients of the black box (ace-softmax: all the other victims, if none is named)",
        "matching": "a proxy of the ensemble's own families",
        "foreign": "a proxy of other families",
    }
    for role in ROLES:
        group.add_argument(f"--{role}", action="append", default=[], metavar="NAME", help=helps[role])
        group.add_argument(f"--{role}-weights", action="append", default=[], metavar="FILE", help="its weights")
    group.add_argument("--victim", metavar="NAME", help="a victim that feint train made: its networks")
    group.add_argument("--victims", type=Path, default=shared.VICTIMS, metavar="FOLDER", help="where it lies")
    group.add_argument("--sizes", metavar="E,E,...", help="of the ensemble: the first so many members (default: all)")
    group.add_argument("--draws", metavar="S,S", help=f"passes of MC dropout (default: {DRAWS})")
    attack = parser.add_argument_group("attack")
    attack.add_argument("--white-radii", metavar="R,R,...", help="(default: 5e-5,5e-4,5e-3)")
    attack.add_argument("--black-radii", metavar="R,R,...", help="(default: 5e-4,5e-3,5e-2)")
    attack.add_argument("--repeats", type=int, metavar="R", help="fresh draws that judge (default: 3)")
    reproduce_smith_gal.add_arguments(parser)
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run the experiment and print its table."""
    smith_gal = options.experiment == "smith-gal-table-1"
    for name in ACE_ONLY if smith_gal else reproduce_smith_gal.OWN:
        if getattr(options, name) not in (None, [], "raise"):
            raise SpecError(f"{name.replace('_', '-')}: expected none, for {options.experiment} has no such option")
    if smith_gal:
        reproduce_smith_gal.run_smith_gal(options)
        return
    from feint.experiments.reproduce_ace import BLACK_RADII, WHITE_RADII, Cast, reproduce, text_rows
    from feint.experiments.spec import DataSpec, NetworkSpec
    from feint.experiments.train import read_victim
    from feint.results.tables import aligned

    roles: dict[str, tuple[NetworkSpec, ...]] = {}
    for role in ROLES:
        values = shared.network_values(getattr(options, role), getattr(options, f"{role}_weights"), role)
        roles[role] = tuple(NetworkSpec.parse(value) for value in values)
    if options.victim is not None:
        roles["network"] += read_victim(options.victims, options.victim).networks
    cast = Cast(
        networks=roles["network"],
        proxies=roles["proxy"],
        matching=roles["matching"],
        foreign=roles["foreign"],
        sizes=() if options.sizes is None else _numbers("sizes", options.sizes, int),
        draws=_numbers("draws", options.draws or DRAWS, int),
    )
    running: dict[str, Any] = {
        "batch_size": options.batch_size,
        "repeats": REPEATS if options.repeats is None else options.repeats,
    }
    found = reproduce(
        options.experiment,
        cast,
        DataSpec.parse(shared.data_values(options)),
        root=options.out,
        white=WHITE_RADII if options.white_radii is None else _numbers("white-radii", options.white_radii, float),
        black=BLACK_RADII if options.black_radii is None else _numbers("black-radii", options.black_radii, float),
        running=running | shared.running_values(options),
        command=options.command_line,
        fresh=options.fresh,
        progress=not options.quiet,
    )
    if options.json:
        say(json.dumps(found, indent=2))
        return
    heads, rows = text_rows(found["rows"])
    say(aligned([heads], rows))
    say(f"\nDifferences: {found['differences']}.")


def _numbers(name: str, text: str, kind: type) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError as error:
        raise SpecError(f"{name}: expected numbers separated by commas, got {text!r}") from error
