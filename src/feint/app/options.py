"""Options that several commands share, and what they come to as specifications."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from feint.errors import SpecError

RUNS, VICTIMS = Path("feint-runs"), Path("feint-victims")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Which images."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data",
        default="digits",
        metavar="SOURCE",
        help="digits (default); .npz with images and labels; MNIST's idx files or their folder; .parquet; class "
        "folders; a folder with a CSV of labels; CIFAR-10's, STL-10's or SVHN's folder; torchvision:NAME",
    )
    group.add_argument("--split", help="which part of a data set that has several (default: test)")
    group.add_argument("--resize", type=int, metavar="PIXELS", help="scale images until their short side has this many")
    group.add_argument("--crop", type=int, metavar="PIXELS", help="then cut this square from the centre")
    group.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    group.add_argument(
        "--on-error",
        default="raise",
        choices=["raise", "skip"],
        help="what to do about an image that cannot be read: stop, or skip, count and report it (default: raise)",
    )


def data_values(options: argparse.Namespace, split: str = "test") -> dict[str, Any]:
    """The values of a ``DataSpec``."""
    return {
        "source": options.data,
        "split": options.split or split,
        "resize": options.resize,
        "crop": options.crop,
        "limit": options.limit,
        "on_error": options.on_error,
    }


def add_victim(parser: argparse.ArgumentParser) -> None:
    """Which classifier."""
    group = parser.add_argument_group("victim")
    group.add_argument("--victim", metavar="NAME", help="one that feint train made")
    group.add_argument(
        "--network",
        action="append",
        default=[],
        metavar="NAME",
        help="file.py:function, torchvision:NAME, timm:NAME, file.pt2 or a built-in architecture; several: an ensemble",
    )
    group.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="FILE",
        help="safetensors, or a checkpoint of plain tensors; one for each network",
    )
    add_estimator(parser)


def add_estimator(parser: argparse.ArgumentParser) -> None:
    """How networks predict, and where victims lie."""
    group = parser.add_argument_group("estimator")
    group.add_argument("--estimator", choices=["softmax", "mc-dropout"], help="how each network predicts")
    group.add_argument("--draws", type=int, metavar="S", help="draws of mc-dropout (default: the victim's, or 30)")
    group.add_argument("--masks", choices=["shared", "independent"], help="masks of mc-dropout (default: shared)")
    group.add_argument("--average", choices=["probability", "logit"], help="of an ensemble (default: probability)")
    group.add_argument("--temperature", type=float, metavar="T", help="of softmax (default: 1)")
    group.add_argument("--victims", type=Path, default=VICTIMS, metavar="FOLDER", help=f"(default: {VICTIMS})")


def said(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of these options that the command line has."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def estimator_values(options: argparse.Namespace, otherwise: str = "softmax") -> dict[str, Any]:
    """What was said about how networks predict: fields of a ``VictimSpec``.

    Args:
        options: the command line's.
        otherwise: the estimator, where the options name none.

    Raises:
        SpecError: settings that this estimator does not have.
    """
    names = ("estimator", "draws", "masks", "average", "temperature")
    found = said(options, names)
    estimator = found.get("estimator", otherwise)
    for name in ("draws", "masks") if estimator == "softmax" else ("temperature",):
        if name in found:
            raise SpecError(f"{name}: expected an estimator that has such a setting, got {estimator}")
    return found


def check_drawn(options: argparse.Namespace, name: str, victims: Iterable[Any]) -> None:
    """An option about draws is of use to some victim.

    Args:
        options: the command line's.
        name: of the option.
        victims: ``VictimSpec``s.

    Raises:
        SpecError: the option was given, and no victim draws.
    """
    if getattr(options, name) is not None and not any(victim.stochastic for victim in victims):
        raise SpecError(f"{name}: expected a victim that draws, got softmax")


def victim_values(options: argparse.Namespace) -> dict[str, Any]:
    """The values of a ``VictimSpec``.

    Raises:
        SpecError: options that do not go together, or no victim of that name.
    """
    from feint.experiments.train import read_victim

    if options.victim is not None:
        if options.network or options.weights:
            raise SpecError("victim: expected either --victim or --network, got both")
        victim = read_victim(options.victims, options.victim)
        return {**victim.model_dump(), **estimator_values(options, victim.estimator)}
    networks = network_values(options.network, options.weights, "network")
    return {"networks": networks, **estimator_values(options)}


def network_values(names: list[str], weights: list[str], option: str) -> list[dict[str, str | None]]:
    """The values of several ``NetworkSpec``s.

    Raises:
        SpecError: weights for some networks only, or for none.
    """
    if weights and len(weights) != len(names):
        raise SpecError(f"weights: expected one for each --{option}, or none; got {len(weights)} for {len(names)}")
    files = weights or [None] * len(names)
    return [{"name": name, "weights": file} for name, file in zip(names, files, strict=True)]


def add_running(parser: argparse.ArgumentParser) -> None:
    """How a command runs."""
    group = parser.add_argument_group("running")
    group.add_argument("--seed", type=int, default=0, help="of all randomness (default: 0)")
    group.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps, or auto (default: cpu)")
    group.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: as many as torch takes)")
    group.add_argument("--fresh", action="store_true", help="forget what an earlier run of the same computed")
    group.add_argument("--json", action="store_true", help="print the result for machines, and nothing else")
    group.add_argument("--quiet", action="store_true", help="no progress bars")


def running_values(options: argparse.Namespace) -> dict[str, Any]:
    """The values that go with ``add_running``."""
    return {"seed": options.seed, "device": options.device, "threads": options.threads}
