"""By class, how accurate and how confident MC dropout is, clean and attacked, and whether one follows from the other.

    feint per-class --victim cnn --rates 0.2,0.25,0.3 --data path/to/mnist
    feint per-class --victim cnn20 --victim cnn25 --victim cnn30 --data path/to/mnist

Beside ordinary accuracy stands the mean softmax of the true class over the passes; confidence is 1 - 2 sd, with the
standard deviation of that softmax over the passes, averaged over the images of the class: 1 where all passes agree.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from feint.app import options as shared
from feint.app.output import say
from feint.errors import SpecError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint per-class`."""
    shared.add_data(parser)
    group = parser.add_argument_group("victims")
    group.add_argument(
        "--victim", action="append", default=[], metavar="NAME", help="one that feint train made; several: each in turn"
    )
    group.add_argument("--rates", metavar="P,P,...", help="ask one victim's weights with dropout at these rates")
    group.add_argument("--victims", type=Path, default=shared.VICTIMS, metavar="FOLDER", help="where they lie")
    group.add_argument("--passes", type=int, default=50, metavar="S", help="of MC dropout (default: 50)")
    attack = parser.add_argument_group("attack")
    attack.add_argument(
        "--attacks",
        default="fgsm,bim",
        metavar="NAME,...",
        help="of fgsm, bim, pgd, mim, cw, lbfgs, iaa; with a radius of its own: lbfgs=4 (cw and lbfgs in L2, iaa in "
        "its perceptual distance; default: fgsm,bim)",
    )
    attack.add_argument("--radius", type=float, default=0.1, help="L-infinity, of the others (default: 0.1)")
    attack.add_argument("--steps", type=int, default=10, help="of bim, pgd and mim (default: 10)")
    attack.add_argument(
        "--searches", type=int, metavar="N", help="of cw and lbfgs: weights tried (default: the attack's)"
    )
    attack.add_argument(
        "--attack-passes", type=int, metavar="S", help="passes that attacks see, the first of --passes (default: all)"
    )
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run it and print both tables."""
    from feint.experiments.per_class import PerClassSpec, at_rates, per_class, text_lines, text_rows, threats
    from feint.experiments.train import read_victim
    from feint.results.tables import aligned

    if not options.victim:
        raise SpecError("victim: expected at least one --victim, got none")
    victims = [read_victim(options.victims, name) for name in options.victim]
    if options.rates is not None:
        if len(victims) > 1:
            raise SpecError(f"rates: expected one victim, got {len(victims)}")
        try:
            rates = [float(rate) for rate in options.rates.split(",")]
        except ValueError as error:
            raise SpecError(f"rates: expected numbers separated by commas, got {options.rates!r}") from error
        victims = at_rates(victims[0], rates)
    if options.steps < 1:
        raise SpecError(f"steps: expected at least 1, got {options.steps}")
    values: dict[str, Any] = {name: getattr(options, name) for name in ("passes", "attack_passes", "batch_size")}
    spec = PerClassSpec.parse(
        {
            "data": shared.data_values(options),
            "victims": [victim.model_dump() for victim in victims],
            "attacks": threats(options.attacks.split(","), options.radius, options.steps, options.searches),
            **values,
            **shared.running_values(options),
        }
    )
    result = per_class(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        say(json.dumps(result.summary, indent=2))
        return
    for heads, rows in (text_rows(result.summary), text_lines(result.summary)):
        say(aligned([heads], rows) + "\n")
    say(f"figure: {result.folder / 'figures' / 'per-class.png'}")
