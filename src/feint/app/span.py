"""Find from where to where each image's confidence can be moved without changing its predicted label.

Without arguments it trains a small network on scikit-learn's handwritten digits and looks at that:

    feint span --radii 0.01,0.03
    feint span --data photos.npz --network model.py:build --weights model.safetensors --radii 5e-4 --threshold 0.9

The report shows every image's interval, and how many reach across the threshold below which nothing is answered.
"""

import argparse
import json
from pathlib import Path

from feint.app import options as shared
from feint.app.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint span`."""
    shared.add_data(parser)
    shared.add_victim(parser)
    group = parser.add_argument_group("span")
    group.add_argument(
        "--radii",
        default="0.01,0.03,0.1",
        metavar="R,R,...",
        help="L-infinity radii in units of [0, 1] (default: %(default)s)",
    )
    group.add_argument("--steps", type=int, default=10, help="gradient steps towards either end (default: %(default)s)")
    group.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="answered is what has at least this confidence, 0 to 1 (default: what answers 90 %% of the clean images)",
    )
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def run(options: argparse.Namespace) -> None:
    """Find the spans and print their summary."""
    from feint.experiments.span import SpanSpec, measure_spans
    from feint.experiments.span_report import span_headline, span_rows
    from feint.results.span_report import plain_span_table

    spec = SpanSpec.parse(
        {
            "data": shared.data_values(options),
            "victim": shared.victim_values(options),
            "radii": options.radii.split(","),
            "steps": options.steps,
            "threshold": options.threshold,
            "batch_size": options.batch_size,
            **shared.running_values(options),
        }
    )
    found = measure_spans(
        spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet
    )
    if options.json:
        say(json.dumps(found.summary, indent=2))
    else:
        say(f"{span_headline(found.summary)}\n\n{plain_span_table(span_rows(found.summary))}\n")
        say(f"report: {found.folder / 'report.html'}")
