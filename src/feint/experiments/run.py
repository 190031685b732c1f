"""What the runs of all experiments share: how they begin, the walk over what is not computed yet, and what they are."""

import io
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast, final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tqdm import tqdm

from feint.data import Batch, Dataset
from feint.experiments.machine import default_batch_size, find_device, find_threads, steady
from feint.experiments.spec import RunSpec, VictimSpec
from feint.experiments.victim import Victim, load_victim
from feint.results import RunFolder

Array = npt.NDArray[Any]
R = TypeVar("R", bound=RunSpec)

BATCHES_PER_PART = 4
"""Inputs still in play are pooled from so many batches; a part is also what an interruption can lose."""


@final
@dataclass(frozen=True)
class RunResult:
    """Where a run lies and what it found.

    Attributes:
        folder: the run folder with records, summary, figures and report.
        summary: what ``summary.json`` holds.
    """

    folder: Path
    summary: dict[str, Any]


@final
class Piece(NamedTuple):
    """What is computed at a time.

    Attributes:
        which: the position of the name that it is for.
        part: its number among the parts of the records.
        batch: images, labels and sample indices, a few batches at once.
    """

    which: int
    part: int
    batch: Batch


@contextmanager
def begun(
    spec: R, dataset: Dataset, victims: Sequence[VictimSpec], *, progress: bool
) -> Generator[tuple[R, list[Victim], int]]:
    """Inside, numbers that come out the same again, on the machine that a specification asks for.

    Yields:
        The specification with the device, threads and batch size that it comes to; the victims; the batch size.

    Raises:
        FeintError: there is no such device, or a victim that does not load or take such images.
    """
    device, threads = find_device(spec.device), find_threads(spec.threads)
    with steady(threads):
        loaded = [load_victim(each, dataset, seed=spec.seed, device=device, progress=progress) for each in victims]
        # A batch is always full, its last one padded: no larger than what there is.
        size = spec.batch_size or min(default_batch_size(dataset.shape, device), max(1, len(dataset)))
        yield spec.model_copy(update={"device": device, "threads": threads, "batch_size": size}), loaded, size


def part_count(dataset: Dataset, batch_size: int, names: int = 1) -> int:
    """How many parts the records will have: for one name after the other, over all images."""
    return names * len(_starts(dataset, batch_size))


def walk(
    folder: RunFolder,
    dataset: Dataset,
    batch_size: int,
    compute: Callable[[Piece], pa.Table],
    *,
    names: Sequence[str],
    progress: bool,
) -> list[list[str]]:
    """Compute the parts that are not there yet.

    Args:
        folder: where they go.
        dataset: the images.
        batch_size: a part has `BATCHES_PER_PART` times as many.
        compute: the records of a part; what it keeps beside them, it writes before it returns.
        names: of what goes over all images, one after the other; the bar shows them.
        progress: a bar on standard error.

    Returns:
        Where images stand that could not be read, here and in the parts there were, and why.
    """
    starts = _starts(dataset, batch_size)
    done, skipped = folder.parts(), cast(list[list[str]], folder.read_json("skipped.json", default=[]))
    with tqdm(total=len(names) * len(dataset), unit=" images", disable=not progress) as bar:
        for which, name in enumerate(names):
            bar.set_description(name)
            for at, start in enumerate(starts):
                cut = dataset.take(start, start + starts.step)
                if (part := which * len(starts) + at) not in done:
                    (batch,) = cut.batches(starts.step)
                    # These go first: a part that is there must have been noted.
                    if new := [list(where) for where in cut.skipped if list(where) not in skipped]:
                        skipped += new
                        folder.write_json("skipped.json", skipped)
                    folder.write_part(part, compute(Piece(which, part, batch)))
                bar.update(len(cut))
    return skipped


def _starts(dataset: Dataset, batch_size: int) -> range:
    """The position of each part's first image."""
    return range(0, len(dataset), BATCHES_PER_PART * batch_size)


def kept(folder: RunFolder, name: str, compute: Callable[[], Mapping[str, Array]]) -> dict[str, Array]:
    """Arrays of an earlier, interrupted run of the same specification; computed and stored where there are none."""
    if (folder.path / name).exists():
        with np.load(folder.path / name, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    arrays = dict(compute())

    def write(file: BinaryIO) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **cast(dict[str, Any], arrays))
        file.write(buffer.getvalue())

    folder.write_file(name, write)
    return arrays


def head(folder: RunFolder, command: str) -> dict[str, str]:
    """Which run a summary is of."""
    return {"id": folder.run, "folder": str(folder.path), "command": command, **folder.versions}


def facts(folder: RunFolder) -> dict[str, str]:
    """Which run a page is of, and how it ran."""
    spec = folder.spec
    return {
        "seed": str(spec["seed"]),
        "device, threads, batch size": f"{spec['device']}, {spec['threads']}, {spec['batch_size']}",
        "versions": ", ".join(f"{name} {version}" for name, version in folder.versions.items()),
        "run": folder.run,
    }
