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

from feint.errors import SpecError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint audit`."""
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data",
        default="digits",
        metavar="SOURCE",
        help="digits (default); an .npz with images and labels; MNIST's idx files; a folder with a CSV of labels; ...",
    )
    data.add_argument("--split", default="test", help="which part of a data set that has several (default: test)")
    data.add_argument("--resize", type=int, metavar="PIXELS", help="scale images until their short side has this many")
    data.add_argument("--crop", type=int, metavar="PIXELS", help="then cut this square from the centre")
    data.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    data.add_argument(
        "--on-error",
        default="raise",
        choices=["raise", "skip"],
        help="what to do about an image that cannot be read: stop, or skip, count and report it (default: raise)",
    )
    victim = parser.add_argument_group("victim")
    victim.add_argument("--network", metavar="NAME", help="file.py:function, torchvision:NAME, timm:NAME or file.pt2")
    victim.add_argument("--weights", metavar="FILE", help="safetensors, or a checkpoint of plain tensors")
    attack = parser.add_argument_group("attack")
    attack.add_argument(
        "--radii",
        default="0.005,0.02,0.05",
        metavar="R,R,...",
        help="L-infinity radii in units of [0, 1] (default: %(default)s)",
    )
    running = parser.add_argument_group("running")
    running.add_argument("--seed", type=int, default=0, help="of all randomness (default: 0)")
    running.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps, or auto (default: cpu)")
    running.add_argument(
        "--batch-size", type=int, metavar="N", help="inputs per call of the network (default: by size)"
    )
    running.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: as many as torch takes)")
    running.add_argument(
        "--out", type=Path, default=Path("feint-runs"), help="where run folders lie (default: feint-runs)"
    )
    running.add_argument("--fresh", action="store_true", help="forget what an earlier run of the same audit computed")
    running.add_argument("--json", action="store_true", help="print the summary for machines, and nothing else")
    running.add_argument("--quiet", action="store_true", help="no progress bars")


def run(options: argparse.Namespace) -> None:
    """Run the audit and print its summary."""
    from feint.experiments import AuditSpec, audit
    from feint.experiments.audit_report import headline, scores
    from feint.results import plain_table

    if options.weights is not None and options.network is None:
        raise SpecError("--weights: expected --network beside it, got weights alone")
    spec = AuditSpec.parse(
        {
            "data": {
                "source": options.data,
                "split": options.split,
                "resize": options.resize,
                "crop": options.crop,
                "limit": options.limit,
                "on_error": options.on_error,
            },
            "network": None if options.network is None else {"name": options.network, "weights": options.weights},
            "radii": options.radii.split(","),
            "seed": options.seed,
            "device": options.device,
            "batch_size": options.batch_size,
            "threads": options.threads,
        }
    )
    result = audit(spec, options.out, command=options.command_line, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        print(json.dumps(result.summary, indent=2))
    else:
        print(f"{headline(result.summary)}\n\n{plain_table(scores(result.summary))}\n")
        print(f"report: {result.folder / 'report.html'}")
