"""Map the measures of victims over the latent plane of an autoencoder, and find confident rubbish.

    feint train vae --network vae --data path/to/mnist --epochs 25 --schedule cosine
    feint latent --autoencoder vae --victim cnn --victim lenets --data path/to/mnist

Every point of the plane is decoded and shown to the victims. Far from all encoded images a victim should be uncertain;
the page shows where it is not, and what such images look like.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from feint.app import options as shared
from feint.app.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint latent`."""
    add_latent(parser)
    group = parser.add_argument_group("plane")
    group.add_argument("--side", type=int, default=80, metavar="N", help="points on each side (default: 80)")
    group.add_argument(
        "--extent", type=float, metavar="X", help="from -X to X (default: 1.5 times as far as the images)"
    )
    group.add_argument(
        "--far",
        type=float,
        default=0.999,
        metavar="SHARE",
        help="far: further from the nearest image than this share of images from the nearest other (default: 0.999)",
    )
    group.add_argument(
        "--flagged",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="confident: not among this most uncertain share of the images (default: 0.05)",
    )
    group.add_argument("--shown", type=int, default=8, metavar="N", help="pieces of rubbish per victim (default: 8)")
    add_output(parser)


def add_latent(parser: argparse.ArgumentParser) -> None:
    """Which images, victims and autoencoder."""
    shared.add_data(parser)
    add_victims(parser).add_argument(
        "--autoencoder", required=True, metavar="NAME", help="one that feint train --network vae made"
    )


def add_victims(parser: argparse.ArgumentParser) -> Any:
    """Which victims; the group, for more options."""
    group = parser.add_argument_group("victims")
    group.add_argument(
        "--victim", action="append", required=True, metavar="NAME", help="one that feint train made; repeat for more"
    )
    group.add_argument("--draws", type=int, metavar="S", help="draws of mc-dropout (default: as on the victim's card)")
    group.add_argument(
        "--victims", type=Path, default=shared.VICTIMS, metavar="FOLDER", help=f"(default: {shared.VICTIMS})"
    )
    return group


def add_output(parser: argparse.ArgumentParser) -> None:
    """How it runs and where results go."""
    shared.add_running(parser)
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs per network call (default: by size)")
    parser.add_argument("--out", type=Path, default=shared.RUNS, metavar="FOLDER", help=f"(default: {shared.RUNS})")


def victims_values(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The values of several ``VictimSpec``s.

    Raises:
        SpecError: no victim of such a name, or draws for victims that have none.
    """
    from feint.experiments.train import read_victim

    found = [read_victim(options.victims, name) for name in options.victim]
    shared.check_drawn(options, "draws", found)
    return [{**victim.model_dump(), **shared.said(options, ["draws"])} for victim in found]


def scene_values(options: argparse.Namespace) -> dict[str, Any]:
    """The values that go with ``add_latent`` and ``add_output``."""
    from feint.experiments.autoencoder import read_autoencoder

    return {
        "autoencoder": read_autoencoder(options.victims, options.autoencoder).model_dump(),
        "victims": victims_values(options),
        "data": shared.data_values(options),
        "batch_size": options.batch_size,
        **shared.running_values(options),
    }


def run(options: argparse.Namespace) -> None:
    """Map, and print how much of the far plane looks familiar."""
    from feint.experiments.latent import LatentSpec, headline, latent
    from feint.results.tables import aligned, percent

    names = ("side", "extent", "far", "flagged", "shown")
    spec = LatentSpec.parse({**scene_values(options), **{name: getattr(options, name) for name in names}})
    result = latent(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    summary = result.summary
    if options.json:
        say(json.dumps(summary, indent=2))
        return
    victims = summary["victims"]
    measures = dict.fromkeys(name for victim in victims for name in victim["far_confident"] if name != "both")

    def cell(victim: dict[str, Any], name: str) -> str:
        share = victim["far_confident"].get(name)
        return "-" if share is None else percent(share)

    rows = [[name, *(cell(victim, name) for victim in victims)] for name in (*measures, "both")]
    say(f"{headline(summary)}\n")
    say(aligned([["confident far away, %", *(victim["name"] for victim in victims)]], rows))
    say(f"\nreport: {result.folder / 'report.html'}")
