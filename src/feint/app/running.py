"""Who computes: the flags of all commands that say so, and the runner that they name."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from feint import catalog
from feint.errors import SpecError
from feint.runs.settings import RunSettings, near
from feint.runs.things import loaded

if TYPE_CHECKING:
    from feint.runs.folder.storage import Storage
    from feint.runs.runners.runner import Runner


def add_runner(group: Any) -> None:
    """The flags."""
    group.add_argument(
        "--runner",
        choices=tuple(catalog.RUNNERS),
        metavar="{" + ",".join(catalog.RUNNERS) + "}",
        help="who computes: this process, several, or a Ray cluster (default: local; processes with several workers)",
    )
    group.add_argument("--workers", type=_count, metavar="N", help="how many, each with so many threads (default: 2)")
    group.add_argument(
        "--devices",
        type=_devices,
        default=(),
        metavar="LIST",
        help="a worker on each, such as 0,1 for two GPUs; members of an ensemble are trained side by side",
    )
    group.add_argument(
        "--shard", type=_count, metavar="N", help="inputs that a worker computes at a time, at most: for less memory"
    )
    group.add_argument(
        "--address",
        metavar="ADDRESS",
        help="of a Ray cluster, or auto for the one that is there (default: one of this machine alone)",
    )
    group.add_argument(
        "--storage", metavar="URL", help="where a run is kept as well, and found again: s3://bucket/runs, a folder"
    )


def _count(text: str) -> int:
    if not text.removeprefix("-").isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return int(text)


def _devices(text: str) -> tuple[str, ...]:
    """Devices by name; a number is a GPU's.

    >>> _devices("0,1"), _devices("cpu,cpu")
    (('cuda:0', 'cuda:1'), ('cpu', 'cpu'))
    """
    found = tuple(f"cuda:{each}" if each.isdigit() else each for each in text.replace(" ", "").split(",") if each)
    if not found:
        raise argparse.ArgumentTypeError("expected devices, such as 0,1, got nothing")
    return found


def how_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was given of those flags that name and furnish a runner."""
    return {
        "name": options.runner,
        **{key: getattr(options, key) for key in ("workers", "devices", "shard", "address")},
    }


def asked_of(
    name: str | None, workers: int | None, devices: Sequence[str], address: str | None
) -> tuple[str, dict[str, Any]]:
    """A runner's name, and what it is told; as for `runner_of`.

    Raises:
        SpecError: there is none of that name, or it has no such setting.
    """
    name = name or ("processes" if (workers or 1) > 1 or devices else "local")
    if name not in catalog.RUNNERS:
        known = catalog.RUNNERS
        raise SpecError(f"runner: expected one of {', '.join(known)}, got {name!r}{near(name, known)}")
    own: dict[str, Any] = {"workers": workers, "devices": tuple(devices) or None, "address": address}
    own = {key: value for key, value in own.items() if value is not None}
    taken = {"local": (), "processes": ("workers", "devices"), "ray": ("workers", "address")}[name]
    for key, value in own.items():
        if key not in taken:
            told = ", ".join(value) if key == "devices" else value
            raise SpecError(f"{key}: expected none with the runner {name}, got {told}")
    return name, own


def runner_of(
    name: str | None = None,
    workers: int | None = None,
    devices: Sequence[str] = (),
    shard: int | None = None,
    address: str | None = None,
) -> "Runner":
    """The runner of a name.

    Args:
        name: of the catalog; None for local, or processes where there are several workers or devices.
        workers: how many.
        devices: where, a worker on each.
        shard: inputs that are computed at a time, at most.
        address: of a Ray cluster.

    Raises:
        SpecError: there is none of that name, or it has no such setting.
    """
    name, own = asked_of(name, workers, devices, address)
    return loaded(catalog.RUNNERS[name])(shard=shard, **own)


def storage_of(url: str | None) -> "Storage | None":
    """Where runs are kept as well.

    Raises:
        SpecError: there is no such kind of place.
    """
    from feint.runs.folder.storage import Storage

    return None if url is None else Storage(url)


def on_devices(settings: RunSettings, devices: Sequence[str]) -> RunSettings:
    """Settings for the kind of device that the workers have.

    Raises:
        SpecError: several kinds, whose numbers differ, or one that is not there.
    """
    if not devices:
        return settings
    from feint.runs.machine import check_there

    kinds = list(dict.fromkeys(each.partition(":")[0] for each in devices))
    if len(kinds) > 1:
        raise SpecError(f"devices: expected one kind, whose numbers are equal to the bit, got {' and '.join(kinds)}")
    for each in devices:
        check_there(each)
    return settings.but(device=kinds[0])
