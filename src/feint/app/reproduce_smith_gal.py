"""`feint reproduce smith-gal-table-1`: cats and dogs, attacked; which uncertainty sees it."""

import argparse
import json

from feint.app import options as shared
from feint.app.output import say
from feint.errors import SpecError

OWN = ("features", "images", "passes", "resamples")
"""Options that only this experiment has."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare these options."""
    group = parser.add_argument_group("smith-gal-table-1")
    group.add_argument(
        "--features", metavar="FILE.py:FUNCTION", help="returns a module from images in [0, 1] to features (N, F)"
    )
    group.add_argument(
        "--images", type=int, metavar="N", help="attack so many test images, evenly spaced (default: all)"
    )
    group.add_argument("--passes", type=int, metavar="S", help="of MC dropout (default: 20)")
    group.add_argument("--resamples", type=int, metavar="R", help="of the bootstrap (default: 200)")


def run_smith_gal(options: argparse.Namespace) -> None:
    """Run it and print the table."""
    from feint.experiments.smith_gal import SmithGalSpec, reproduce_smith_gal, text_rows
    from feint.results.tables import aligned

    if options.features is None:
        raise SpecError("features: expected --features path/to/file.py:function, got none")
    spec = SmithGalSpec.parse(
        {
            "source": options.data,
            **shared.said(options, (*OWN, "resize", "crop")),
            "batch_size": options.batch_size,
            **shared.running_values(options),
        }
    )
    found = reproduce_smith_gal(
        spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet
    )
    if options.json:
        say(json.dumps(found, indent=2))
        return
    say(f"accuracy {found['accuracy']:.2%} on {found['accuracy_images']} test images\n")
    heads, rows = text_rows(found["rows"])
    say("AUROC with 95 % intervals, beside the paper's; (S): of attacked inputs whose label changed\n")
    say(aligned([heads], rows))
    say(f"\nDifferences: {found['differences']}.\nreport: {found['run']['folder']}/report.html")
