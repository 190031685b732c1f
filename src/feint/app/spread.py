"""Compare softmax variance with mutual information, image by image.

    feint spread --victim cnn --data path/to/mnist --foreign path/to/notmnist

The sum over classes of the variance over draws is what is left of mutual information where the logarithm is expanded
about 1 (Smith and Gal, 2018); half the sum of variance / mean is what it tends to where the draws lie close together.
"""

import argparse
import json

from feint.app import latent
from feint.app import options as shared
from feint.app.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint spread`."""
    shared.add_data(parser)
    parser.add_argument(
        "--foreign", action="append", default=[], metavar="SOURCE", help="more images, of any classes; repeat for more"
    )
    latent.add_victims(parser)
    parser.add_argument("--resamples", type=int, default=200, metavar="N", help="of the intervals (default: 200)")
    latent.add_output(parser)


def run(options: argparse.Namespace) -> None:
    """Compare, and print rank correlations and ratios."""
    from feint.experiments.spread import SpreadSpec, headline, spread
    from feint.results.tables import aligned

    own = shared.data_values(options)
    spec = SpreadSpec.parse(
        {
            "victims": latent.victims_values(options),
            "data": [own, *({**own, "source": source} for source in options.foreign)],
            "resamples": options.resamples,
            "batch_size": options.batch_size,
            **shared.running_values(options),
        }
    )
    result = spread(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    summary = result.summary
    if options.json:
        say(json.dumps(summary, indent=2))
        return
    say(f"{headline(summary)}\n")
    heads = [
        ["victim", "data", "mutual information", "images", "sum of variances", "sum of var / mean / 2"],
        ["", "", "nats", "", "/ information, median", "/ information, median"],
    ]
    rows = [
        [
            *(found["victim"], found["data"], f"{row['from']:.0e} to {row['to']:.0e}", str(row["images"])),
            *(f"{row['variance_ratio']:.3g}", f"{row['limit_ratio']:.4g}"),
        ]
        for found in summary["spreads"]
        for row in found["decades"]
    ]
    say(aligned(heads, rows))
    ranks = [
        [
            *(found["victim"], found["data"], name),
            *(f"{found['spearman'][name]['estimate']:.4f}", f"{found['kendall'][name]:.4f}"),
        ]
        for found in summary["spreads"]
        for name in found["spearman"]
    ]
    say("\n" + aligned([["victim", "data", "approximation", "Spearman", "Kendall"]], ranks))
    closer = [
        [
            *(found["victim"], found["data"], f"{row['factor']:g}"),
            *(f"{row[name]['median']:.4g}" for name in ("variance_ratio", "limit_ratio")),
        ]
        for found in summary["spreads"]
        for row in found["drawn_together"]
    ]
    say("\n" + aligned([["victim", "data", "draws moved to", *heads[0][4:]], ["", "", "", *heads[1][4:]]], closer))
    say(f"\nreport: {result.folder / 'report.html'}")
