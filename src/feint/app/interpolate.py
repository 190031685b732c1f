"""Blend pairs of images in pixels and in latent space, and see which measure tells the blends apart.

    feint interpolate --autoencoder vae --victim cnn --victim lenets --data path/to/mnist

The claim of Smith and Gal (2018): half-way between two images of different classes, mutual information is high for a
blend of pixels and low for a blend in latent space, while entropy is high for both.
"""

import argparse
import json

from feint.app import latent as shared
from feint.app.output import say

NUMBERS = {
    "pairs": (3000, "pairs of different classes, blended half-way"),
    "paths": (50, "at most so many of them are followed along the way"),
    "steps": (11, "images along the way"),
    "resamples": (500, "of the intervals"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint interpolate`."""
    shared.add_latent(parser)
    group = parser.add_argument_group("blends")
    for name, (default, text) in NUMBERS.items():
        group.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{text} (default: {default})")
    shared.add_output(parser)


def run(options: argparse.Namespace) -> None:
    """Blend, and print the table of AUROCs."""
    from feint.experiments.interpolate import InterpolateSpec, headline, interpolate
    from feint.results.tables import aligned

    values = shared.scene_values(options) | {name: getattr(options, name) for name in NUMBERS}
    result = interpolate(
        InterpolateSpec.parse(values),
        options.out,
        command=options.command_line,
        fresh=options.fresh,
        progress=not options.quiet,
    )
    summary = result.summary
    if options.json:
        say(json.dumps(summary, indent=2))
        return

    def cell(interval: dict[str, float]) -> str:
        return f"{interval['estimate']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"

    rows: list[list[str]] = []
    for victim in summary["victims"]:
        found, more = victim["auroc"], victim["information_less_entropy"]
        rows += [[victim["name"], name, *(cell(found[kind][name]) for kind in found)] for name in found["pixel"]]
        if more:
            rows.append([victim["name"], "information less entropy", *(cell(more[kind]) for kind in more)])
    say(f"{headline(summary)}\n")
    say(aligned([["victim", "measure", "AUROC of pixel blends", "of reconstructions' blends"]], rows))
    say(f"\nreport: {result.folder / 'report.html'}")
