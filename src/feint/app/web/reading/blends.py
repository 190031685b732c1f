"""Which pairs of images stand behind a mark of a run on blends: a bar of those half-way, or a place along the way."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feint.errors import SpecError
from feint.experiments.glossary import title
from feint.experiments.interpolation.pairs import KINDS
from feint.experiments.interpolation.report import MEASURES
from feint.experiments.interpolation.summary import read_blends
from feint.reports.formats import significant
from feint.reports.names import clean
from feint.runs.run import Run

from .row import AROUND, Row


def pairs(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Pairs, by their position.

    Raises:
        SpecError: it is no figure of blends.
    """
    figure, panel, part = str(where.get("figure", "")), clean(str(where.get("panel", ""))), "halves"
    kind = {said: name for name, said in KINDS.items()}.get(str(where.get("kind", "")), "latent")
    if figure.startswith("path_") and int(figure.removeprefix("path_")) < len(run.about["victims"]):
        which, part = int(figure.removeprefix("path_")), "paths"
        measure = next((name for name in MEASURES if panel == clean(title(name))), MEASURES[0])
    else:
        heads = {head: (at, name) for at, name, head in _panels(run)}
        found = next((each for head, each in heads.items() if panel.startswith(f"{head}:")), None)
        if figure != "halves" or found is None:
            raise SpecError(f"figure: expected one of blends, got {figure[:40]!r}")
        which, measure = found
    values = read_blends(run, which, part)[kind][measure]
    if part == "paths":
        values = values[:, round(share(where) * (values.shape[1] - 1))]
        places = np.argsort(np.abs(values - np.median(values)), kind="stable")[:AROUND]
    else:
        top = np.quantile(values, 0.999)  # the last bin takes in everything above it
        places = np.flatnonzero(
            (values >= where.get("low", 0.0)) & ((values < where.get("high", np.inf)) | (where.get("high", 0.0) >= top))
        )
    write, told = significant(3), f"{title(measure)} of its {KINDS[kind]}"
    return [Row(int(at), f"pair {at}: {_ends(run, int(at))}; {told} {write(float(values[at]))}") for at in places]


def _ends(run: Run, at: int) -> str:
    """Which images a pair is of, and of which classes."""
    pairs, classes = run.arrays("pairs"), run.about["classes"]
    said = [f"{classes[int(pairs[f'{each}_label'][at])]} (image {pairs[each][at]})" for each in ("first", "second")]
    return f"from {' to '.join(said)}"


def share(where: Mapping[str, Any]) -> float:
    """How far along the way a mark stands; of a bar half of it."""
    return min(max(float(where["x"]), 0.0), 1.0) if str(where.get("figure")).startswith("path_") else 0.5


def places(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """Where a pair's blend of that kind lies half-way, by every measure of every victim."""
    kind = {said: name for name, said in KINDS.items()}.get(str(where.get("kind", "")), "latent")
    found: list[list[Mapping[str, Any]]] = [[] for _ in rows]
    for at, measure, head in _panels(run):
        values = read_blends(run, at, "halves")[kind][measure]
        for row, mine in zip(rows, found, strict=True):
            mine.append({"figure": "halves", "panel": head, "x": float(values[row.sample])})
    return found


def _panels(run: Run) -> list[tuple[int, str, str]]:
    """Victim, measure and head of each panel of those half-way."""
    return [
        (at, name, clean(f"{victim['name']}, {title(name)}"))
        for at, victim in enumerate(run.about["victims"])
        for name in MEASURES
        if name in victim["measures"]
    ]
