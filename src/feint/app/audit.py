"""Attack a classifier's confidence without changing a label, and report what that does to it.

Without arguments it trains a small network on scikit-learn's handwritten digits and audits that. For a network of your
own, name a Python file and a function in it that takes no arguments and returns a torch.nn.Module, which maps images in
[0, 1] to logits:

    feint audit --data photos.npz --network model.py:build --weights model.safetensors --radii 5e-4,5e-3

A radius is the largest change of a pixel, in units of the full range [0, 1]: 5e-3 is about one grey level of 255.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from feint.app import options as shared
from feint.app.output import say
from feint.errors import SpecError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint audit`."""
    shared.add_data(parser)
    shared.add_victim(parser)
    attack = parser.add_argument_group("attack")
    attack.add_argument(
        "--radii",
        default="0.01,0.03,0.1",
        metavar="R,R,...",
        help="L-infinity radii in units of [0, 1] (default: %(default)s)",
    )
    attack.add_argument(
        "--measure", help="the uncertainty that ranks the inputs (default: the usual one of the victim's kind)"
    )
    attack.add_argument(
        "--goal",
        choices=["disrupt", "reverse", "underconfidence", "overconfidence", "random-confidence", "steer"],
        default="disrupt",
        help="what becomes of confidence: up where wrong and down where right (disrupt, default), the order reversed, "
        "down, up, random, or up for the predicted labels in --raised and down for the others",
    )
    attack.add_argument("--raised", metavar="LABEL,...", help="labels whose confidence steering raises")
    attack.add_argument("--attack-measure", metavar="MEASURE", help="what is attacked, if not what ranks")
    attack.add_argument("--indirect", action="store_true", help="attack the softmax of one pass without dropout")
    attack.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="NAME",
        help="black box: gradients come from this network, the victim only gives labels; several: an ensemble",
    )
    attack.add_argument("--proxy-weights", action="append", default=[], metavar="FILE", help="one for each proxy")
    attack.add_argument("--proxy-average", choices=["probability", "logit"], help="of proxies (default: probability)")
    attack.add_argument("--steps", type=int, help="gradient steps (default: 1, the paper's attack)")
    attack.add_argument("--momentum", type=float, help="of several steps (default: 0)")
    attack.add_argument("--search", choices=["backtracking", "bisection"], help="of the radius (default: backtracking)")
    attack.add_argument("--decay", type=float, help="of backtracking (default: 0.5)")
    attack.add_argument("--tries", type=int, help="of backtracking (default: 15)")
    attack.add_argument("--accept", choices=["first", "best"], help="try of backtracking (default: first)")
    attack.add_argument("--any-label", action="store_true", help="lift the condition that the predicted label stays")
    attack.add_argument("--truth", metavar="NAME", help="a network whose predictions stand in for the labels")
    attack.add_argument("--truth-weights", metavar="FILE", help="its weights")
    attack.add_argument(
        "--repeats", type=int, metavar="R", help="fresh draws that judge a stochastic victim (default: 3)"
    )
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run the audit and print its summary."""
    from feint.experiments import AuditSpec, audit
    from feint.experiments.audit_report import headline, notes, scores
    from feint.results import plain_table

    spec = AuditSpec.parse(
        {
            "data": shared.data_values(options),
            "victim": shared.victim_values(options),
            "attack": attack_values(options),
            "radii": options.radii.split(","),
            "measure": options.measure,
            "batch_size": options.batch_size,
            **shared.said(options, ["repeats"]),
            **shared.running_values(options),
        }
    )
    shared.check_drawn(options, "repeats", [spec.victim])
    result = audit(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        say(json.dumps(result.summary, indent=2))
    else:
        say(f"{headline(result.summary)}\n\n{plain_table(scores(result.summary))}\n")
        if found := notes(result.summary):
            say("\n".join((*found, "")))
        say(f"report: {result.folder / 'report.html'}")


def attack_values(options: argparse.Namespace) -> dict[str, Any]:
    """The values of an ``AttackSpec``.

    Raises:
        SpecError: options that do not go together.
    """
    names = ("steps", "momentum", "search", "decay", "tries", "accept", "proxy_average")
    if options.truth is None and options.truth_weights is not None:
        raise SpecError(f"truth-weights: expected them with --truth, got {options.truth_weights!r} alone")
    if options.raised is not None and options.goal != "steer":
        raise SpecError(f"raised: expected it with --goal steer, got {options.raised!r} with {options.goal}")
    truth = None if options.truth is None else {"name": options.truth, "weights": options.truth_weights}
    return {
        "goal": options.goal,
        "measure": options.attack_measure,
        "indirect": options.indirect,
        "proxies": shared.network_values(options.proxy, options.proxy_weights, "proxy"),
        "keep_label": not options.any_label,
        "truth": truth,
        "raised": [] if options.raised is None else options.raised.split(","),
        **shared.said(options, names),
    }
