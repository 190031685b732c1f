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

from feint.app import options as shared


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
        "--measure", help="the uncertainty that is attacked and ranks (default: the usual one of the victim's kind)"
    )
    attack.add_argument(
        "--repeats", type=int, default=3, metavar="R", help="fresh draws that judge a stochastic victim (default: 3)"
    )
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Run the audit and print its summary."""
    from feint.experiments import AuditSpec, audit
    from feint.experiments.audit_report import headline, scores
    from feint.results import plain_table

    spec = AuditSpec.parse(
        {
            "data": shared.data_values(options),
            "victim": shared.victim_values(options),
            "radii": options.radii.split(","),
            "measure": options.measure,
            "repeats": options.repeats,
            "batch_size": options.batch_size,
            **shared.running_values(options),
        }
    )
    result = audit(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        print(json.dumps(result.summary, indent=2))
    else:
        print(f"{headline(result.summary)}\n\n{plain_table(scores(result.summary))}\n")
        print(f"report: {result.folder / 'report.html'}")
