"""A threshold tried on a run's records: what a detector flags, or what a classifier still answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from feint.errors import SpecError
from feint.experiments.detection.records import Records
from feint.experiments.detection.scores import duel
from feint.reports import charts
from feint.reports.charts.inline import rule
from feint.reports.formats import percent, radius, significant
from feint.runs.run import Run
from feint.victims.records import MEASURE

from .runs import Reader, judging, opened

EXPERIMENTS: Final = ("audit", "detect")
"""Whose records say what a threshold does."""


def choices(kept: Reader, path: Path) -> dict[str, list[str]]:
    """What a threshold can be tried on: sets of inputs, and measures; nothing of other runs."""
    run, complete = opened(path)
    if not complete or run.experiment.name not in EXPERIMENTS:
        return {}
    names = [name.removeprefix(MEASURE) for name in run.table("records").names if name.startswith(MEASURE)]
    if run.experiment.name == "audit":
        radii = ["clean", *(f"radius {radius(each)}" for each in run.settings.radii)]
        return {
            "on": radii,
            "measure": [run.settings.measure, *(each for each in names if each != run.settings.measure)],
        }
    victims = run.about["victims"]
    found: list[str] = []
    for at, victim in enumerate(victims):
        name = victim["name"] if isinstance(victim, Mapping) else str(victim)  # pyright: ignore
        for attack, far in Records.of(run.table("records"), at).attacks:
            found.append(f"{name}: {attack}, radius {radius(far)}")
    return {"on": found, "measure": names}


def tried(kept: Reader, path: Path, on: str, measure: str, share: float) -> dict[str, Any]:
    """A threshold.

    Args:
        kept: nothing.
        path: the run's folder.
        on: which inputs, as `choices` calls them.
        measure: the uncertainty that is compared.
        share: of all inputs that lie below the threshold, 0 to 1.

    Returns:
        ``told``, what it does in words, ``chart``, the values with the threshold among them, and its ``legend``.

    Raises:
        SpecError: something else than `choices` offers.
    """
    run, _ = opened(path)
    known = choices(kept, path)
    for name, said in (("on", on), ("measure", measure)):
        if said not in known.get(name, []):
            raise SpecError(f"{name}: expected one of {', '.join(known.get(name, [])) or 'none'}, got {said!r}")
    values, marked = (_answered if run.experiment.name == "audit" else _flagged)(run, on, measure, known)
    limit = float(np.quantile(values, min(max(share, 0.0), 1.0), method="lower"))
    names = ("correct", "wrong") if run.experiment.name == "audit" else ("clean and noisy", "attacked")
    samples = [
        charts.Sample(names[0], values[~marked], charts.CLEAN),
        charts.Sample(names[1], values[marked], charts.WRONG),
    ]
    samples = [each for each in samples if len(each.values)]
    panel = charts.histograms(samples, x_title=measure.replace("_", " "), y_title="% of its kind")
    chart = {**panel.chart, "layer": [*panel.chart["layer"], rule(limit, {"strokeWidth": 2}, "x")]}
    write, legend = percent(1), [(each.name, each.colour) for each in samples]
    if run.experiment.name == "audit":
        below = values <= limit
        wrong = float(marked[below].mean()) if below.any() else 0.0
        told = (
            f"Answering where {measure.replace('_', ' ')} is at most {significant(3)(limit)}: {write(below.mean())} % "
            f"of images are answered (coverage), {write(wrong)} % of those answers are wrong (risk)."
        )
    else:
        above = values > limit
        told = (
            f"Flagging what lies above {significant(3)(limit)}: {write(float(above[marked].mean()))} % of attacked "
            f"inputs are found, and {write(float(above[~marked].mean()))} % of the others are flagged too."
        )
    return {"told": told, "chart": chart, "legend": legend}


def _answered(run: Run, on: str, measure: str, known: Mapping[str, list[str]]) -> tuple[Any, Any]:
    """The uncertainty of each input, and whether its answer is wrong; of a victim that draws, in every fresh set."""
    at = known["on"].index(on)
    where: dict[str, Any] = {"variant": "clean"}
    if at:
        where = {"variant": "attacked", "radius": run.settings.radii[at - 1]}
    wanted = [MEASURE + measure, "prediction", "label"]
    table = run.table("records").read(wanted, repeat=judging(run, **where), **where)
    columns = [table.column(name).to_numpy() for name in (MEASURE + measure, "prediction", "label")]
    return columns[0], columns[1] != columns[2]


def _flagged(run: Run, on: str, measure: str, known: Mapping[str, list[str]]) -> tuple[Any, Any]:
    """The uncertainty of each input, and whether it is attacked."""
    place = known["on"].index(on)
    for victim in range(len(run.about["victims"])):
        records = Records.of(run.table("records"), victim)
        attacks = records.attacks
        if place < len(attacks):
            found = duel(records, *attacks[place], measure, "noise", changed=False)
            if found is None:
                raise SpecError(f"measure: expected one that the victim has, got {measure}")
            return found.scores.numpy(), found.positives.numpy()
        place -= len(attacks)
    raise SpecError(f"on: expected one of {', '.join(known['on'])}, got {on!r}")
