"""One stage of samples that are gone over twice, and their sum."""

import os
import resource
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from feint.errors import DataError
from feint.runs.work import Found, Piece, Stage, Work

DRAWN = pa.schema(
    [
        pa.field("sample", pa.int64()),
        pa.field("variant", pa.dictionary(pa.int32(), pa.string())),
        pa.field("value", pa.float64()),
    ]
)
SUM = pa.schema([pa.field("sum", pa.float64())])
MEGABYTE = 2**20


def prepare(settings, machine):
    settings = machine.settled(settings, (1, 2, 2), 4)
    rows = settings.rows
    pieces = [Piece(f"{at:02d}", rows, (at * rows, (at + 1) * rows)) for at in range(settings.pieces)]
    note(settings, f"prepared {os.getpid()}")
    code = os.getpid() if settings.fault == "others" else 0

    def cut(piece, size):
        start, stop = piece.at
        return [
            replace(piece, size=min(size, stop - each), at=(each, min(each + size, stop)))
            for each in range(start, stop, size)
        ]

    def compute(*arguments):
        return drawn(settings, *arguments)

    stages = [
        Stage("drawn", pieces, compute, {"drawn": DRAWN}, ["kept"], cut=cut),
        Stage.single("sum", summed, tables={"sum": SUM}),
    ]
    # What goes wrong is no part of what is computed: the runs of a test are one run.
    return Work(settings.but(fault="none", driver=0, seconds=0, folder=""), {"code": code}, {}, stages)


def note(settings, line):
    with (Path(settings.folder) / "log").open("a") as log:
        log.write(f"{line}\n")


def once(settings, name):
    """Whether this is the first time that somebody asks."""
    try:
        (Path(settings.folder) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def drawn(settings, piece, earlier, scratch):
    start, stop = piece.at
    note(settings, f"computed {os.getpid()} {piece.name} {piece.size}")
    if os.getpid() != settings.driver:
        accident(settings, piece)
    time.sleep(settings.seconds)
    samples = np.arange(start, stop)
    values = np.array([np.random.default_rng((settings.seed, sample)).random() for sample in samples])
    tables = [
        pa.table([pa.array(samples), pa.array([variant] * len(samples)).dictionary_encode(), pa.array(found)], DRAWN)
        for variant, found in {"clean": values, "attacked": values / 3}.items()
    ]
    return Found({"drawn": pa.concat_tables(tables).unify_dictionaries()}, {"kept": {"half": values / 2}})


def accident(settings, piece):
    fault, last = settings.fault, piece.name == "01"
    if (fault == "killed" and last and once(settings, "killed")) or (fault == "doomed" and last):
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hungry" and last and piece.size > 2:  # what the system does to it
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "raises" and last:
        raise ZeroDivisionError("of a piece")
    if fault == "refuses" and last:
        raise DataError("expected data, got none")
    if fault == "memory":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + 300 * MEGABYTE, hard))
        try:
            np.empty(piece.size * 100 * MEGABYTE, np.uint8)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def summed(piece, earlier, scratch):
    return Found({"sum": pa.table({"sum": [earlier.table("drawn").column("value").sum()]}, SUM)})
