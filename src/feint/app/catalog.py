"""List what there is: measures, estimators, attacks, architectures and data formats, a line each."""

import argparse
import json

from feint.app.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint catalog`."""
    parser.add_argument("--json", action="store_true", help="print it for machines, and nothing else")


def run(options: argparse.Namespace) -> None:
    """Print the catalog."""
    from feint.experiments.catalog import listing

    catalog = listing()
    if options.json:
        say(json.dumps(catalog, indent=2))
        return
    width = max(len(name) for entries in catalog.values() for name in entries)
    for kind, entries in catalog.items():
        say(f"{kind}\n" + "\n".join(f"  {name.ljust(width)}  {line}" for name, line in entries.items()) + "\n")
