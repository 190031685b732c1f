"""Does any measure of uncertainty see an attack? Attack victims in several ways and score every measure as a detector.

    feint detect --victim cnns --compare --data path/to/mnist --radii 0.1

Negatives are clean inputs and inputs with Gaussian noise as large as the attack's perturbation; positives are attacked
inputs, all of them, and (S) those whose label changed. The adaptive attacker keeps the detector's measure low as well;
ACE changes no label at all.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from feint.app import options as shared
from feint.app.output import say
from feint.errors import SpecError

ITERATED = ("bim", "mim", "pgd", "adaptive")
CONCERNS = {"steps": ITERATED, "step": ITERATED, "evade": ("adaptive",), "weight": ("adaptive",)}
"""Option -> the attackers that it changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint detect`."""
    shared.add_data(parser)
    victim = parser.add_argument_group("victims")
    victim.add_argument(
        "--victim", action="append", default=[], metavar="NAME", help="one that feint train made; several: each in turn"
    )
    victim.add_argument(
        "--network", action="append", default=[], metavar="NAME", help="in place of --victim; several: one ensemble"
    )
    victim.add_argument("--weights", action="append", default=[], metavar="FILE", help="one for each network")
    victim.add_argument(
        "--compare",
        action="store_true",
        help="of a victim of dropout networks: deterministic, MC dropout of the same weights, an ensemble, and an "
        "ensemble of MC dropout, each attacked for itself (20 draws, unless --draws has others)",
    )
    shared.add_estimator(parser)
    attack = parser.add_argument_group("attack")
    attack.add_argument(
        "--attacks",
        default="fgsm,bim,mim,adaptive,ace",
        metavar="NAME,...",
        help="of fgsm, bim, mim, pgd, adaptive, ace (default: %(default)s)",
    )
    attack.add_argument("--radii", default="0.1", metavar="R,R,...", help="L-infinity (default: %(default)s)")
    attack.add_argument("--steps", type=int, help="of iterated attacks (default: 10)")
    attack.add_argument(
        "--step", type=float, help="their size (default: radius / steps; pgd, adaptive: 2.5 times that)"
    )
    attack.add_argument(
        "--evade",
        metavar="MEASURE",
        help="what adaptive keeps low (default: mutual information, or entropy where nothing is drawn)",
    )
    attack.add_argument("--weight", type=float, help="of its logarithm against the margin (default: 0.5)")
    attack.add_argument(
        "--protocol",
        choices=["corrected", "as-released"],
        default="corrected",
        help="as-released: as in Smith & Gal's released experiment, whose noise images are flat grey and whose "
        "attacked images are clipped to other bounds",
    )
    attack.add_argument("--repeats", type=int, metavar="R", help="fresh draws that judge (default: 1)")
    attack.add_argument("--resamples", type=int, default=200, metavar="R", help="of the bootstrap (default: 200)")
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run it and print the table."""
    from feint.experiments.detect import DetectSpec, detect, text_rows
    from feint.results.tables import aligned

    settings = shared.said(options, CONCERNS)
    spec = DetectSpec.parse(
        {
            "data": shared.data_values(options),
            "victims": victims(options),
            "attacks": options.attacks.split(","),
            "radii": options.radii.split(","),
            **settings,
            **shared.said(options, ["repeats"]),
            **{name: getattr(options, name) for name in ("protocol", "resamples", "batch_size")},
            **shared.running_values(options),
        }
    )
    shared.check_drawn(options, "repeats", spec.victims)
    for name in settings:
        if not set(CONCERNS[name]) & set(spec.attacks):
            whom = " or ".join(CONCERNS[name])
            raise SpecError(f"{name}: expected an attack that has such a setting, {whom}, got {options.attacks}")
    result = detect(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        say(json.dumps(result.summary, indent=2))
        return
    heads, rows = text_rows(result.summary)
    say("AUROC of each measure as a detector; (S): of attacked inputs whose label changed\n")
    say(aligned([heads], rows))
    say(f"\nreport: {result.folder / 'report.html'}")


def victims(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The values of several ``VictimSpec``s: those named, or what one of them is compared as.

    Raises:
        SpecError: options that do not go together.
    """
    from feint.experiments.detect import PASSES, compared
    from feint.experiments.spec import VictimSpec

    if options.victim and options.network:
        raise SpecError("victim: expected either --victim or --network, got both")
    found: list[dict[str, Any]] = []
    for name in options.victim or [None]:
        # What is compared is MC dropout of these networks, whatever they are otherwise: the draws are its own.
        own = {"victim": name, **({"draws": None} if options.compare else {})}
        chosen = argparse.Namespace(**{**vars(options), **own})
        found.append(shared.victim_values(chosen))
    if not options.compare:
        return found
    if len(found) != 1:
        raise SpecError(f"compare: expected one victim, got {len(found)}")
    first = VictimSpec.parse(found[0])
    return [each.model_dump() for each in compared(first, options.draws or PASSES)]
