"""Attack the labels of a data set or of one picture, and keep the attacked images.

    feint attack pgd --victim lenet --data path/to/mnist --radii 0.05,0.1
    feint attack mim --network model.py:build --data photo.jpg --resize 224 --crop 224 --radii 0.01 --target 281

What is attacked is the victim's own prediction. cw and lbfgs look for the nearest point in L2 (the radius is the
largest distance that counts), iaa spends a perceptual distance. Attacked images are kept as they came out, as npz or
safetensors; PNG files of the first few are for show, and the table says whether the attack survives 8 bits.
"""

import argparse
import json
from pathlib import Path

from feint.app import options as shared
from feint.app.output import say

KINDS = ("fgsm", "bim", "pgd", "mim", "cw", "lbfgs", "iaa")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint attack`."""
    parser.add_argument("kind", choices=KINDS, metavar="ATTACK", help=", ".join(KINDS))
    shared.add_data(parser)
    shared.add_victim(parser)
    group = parser.add_argument_group("attack")
    group.add_argument("--radii", required=True, metavar="R,R,...", help="in the attack's own distance")
    group.add_argument("--norm", choices=["linf", "l2"], help="of fgsm, bim, pgd and mim (default: linf)")
    group.add_argument("--steps", type=int, help="(default: the attack's own)")
    group.add_argument("--step", type=float, help="size of a step, of bim, pgd, mim and cw (default: the attack's own)")
    group.add_argument(
        "--initial", type=float, metavar="C", help="of cw and lbfgs: first weight (default: the attack's)"
    )
    group.add_argument(
        "--searches", type=int, metavar="N", help="of cw and lbfgs: weights tried (default: the attack's)"
    )
    group.add_argument("--restarts", type=int, help="of pgd (default: 1)")
    group.add_argument("--decay", type=float, help="of mim's momentum (default: 1)")
    group.add_argument("--target", type=int, metavar="LABEL", help="the label wanted (default: any other)")
    group.add_argument(
        "--attack-draws", choices=["fixed", "fresh"], help="of a stochastic victim, at each step (default: fixed)"
    )
    group.add_argument("--evade", metavar="MEASURE", help="keep this measure low beside: the adaptive attacker")
    group.add_argument("--weight", type=float, help="of its logarithm against the margin (default: 0.5)")
    group.add_argument("--repeats", type=int, metavar="R", help="fresh draws that judge (default: 3)")
    shared.add_running(parser)
    parser.add_argument("--format", choices=["npz", "safetensors"], default="npz", help="(default: npz)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run the attack and print what came of it."""
    from feint.experiments.attack import AttackRunSpec, attack, text_rows
    from feint.results.tables import aligned

    names = ("kind", "norm", "steps", "step", "initial", "searches", "restarts", "decay", "target", "evade", "weight")
    attack_draws = {} if options.attack_draws is None else {"draws": options.attack_draws}
    spec = AttackRunSpec.parse(
        {
            "data": shared.data_values(options),
            "victim": shared.victim_values(options),
            "attack": shared.said(options, names) | attack_draws,
            "radii": options.radii.split(","),
            "format": options.format,
            "batch_size": options.batch_size,
            **shared.said(options, ["repeats"]),
            **shared.running_values(options),
        }
    )
    shared.check_drawn(options, "repeats", [spec.victim])
    result = attack(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        say(json.dumps(result.summary, indent=2))
        return
    summary = result.summary
    say(f"{summary['images']} images, {summary['clean']['accuracy']:.2%} right before the attack\n")
    heads, rows = text_rows(summary)
    say(aligned([heads], rows))
    say("\nL-inf and L2: mean over the attacks that succeed, of the images tried\n")
    for row, name in zip(summary["attacked"], summary["files"], strict=True):
        say(f"images, radius {row['radius']:.3g}: {result.folder / name}")
    say(f"for show: {result.folder / 'pictures'}")
