"""Where an image lies on the charts of its run: what is seen in one of them is found again in the others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from feint.experiments.latent.plane import read_plane
from feint.reports.charts import stage
from feint.runs.run import Run
from feint.victims.records import MEASURE

from . import blends, detectors, limits
from .marks import CONFIDENCE, Row, spreads
from .runs import judging

Place = Mapping[str, Any]
"""A figure and a panel of it, and ``x``, with ``y`` where it is a point: in the chart's own numbers."""


def places(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """The places of each image; none in experiments whose charts have no single images.

    Args:
        run: whose charts.
        rows: the images.
        where: what was chosen: some charts show an image once for each radius, and are marked at that one.
    """
    find = KNOWN.get(run.experiment.name)
    found = find(run, rows, where) if find is not None else [list[Place]() for _ in rows]
    return [[*mine, *tried] for mine, tried in zip(found, _tried(run, rows, where), strict=True)]


def _tried(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """By its value of the measure that a threshold is tried on, and where one at that value would stand."""
    found: list[list[Place]] = [[] for _ in rows]
    if not where.keys() >= {"on", "measure"}:
        return found
    inputs = limits.inputs(run, str(where["on"]), str(where["measure"]))
    for row, mine in zip(rows, found, strict=True):
        same = (inputs.samples == row.sample) & (inputs.data == row.data) & (inputs.moved == row.moved)
        for value in inputs.values[same][:1].tolist():
            x, y = limits.point(run, inputs, value)
            mine += [{"figure": limits.VALUES, "panel": "", "x": value}]
            mine += [{"figure": limits.CURVE, "panel": "", "x": 100 * x, "y": 100 * y}]
    return found


def _judged(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """By its confidence at every radius, and on the curve that was chosen where it is answered."""
    found: list[list[Place]] = [[] for _ in rows]
    names = list(dict.fromkeys(("sample", "label", "prediction", CONFIDENCE, MEASURE + run.settings.measure)))
    chosen = _stage(run, where)
    for at in (None, *run.settings.radii):
        own: dict[str, Any] = {"variant": "clean"} if at is None else {"variant": "attacked", "radius": at}
        table = run.table("records").read(names, repeat=judging(run, **own)[0], **own)
        columns = {name: table.column(name).to_numpy() for name in names}
        doubt, wrong = columns[names[-1]], columns["prediction"] != columns["label"]
        for row, mine in zip(rows, found, strict=True):
            for one in np.flatnonzero(columns["sample"] == row.sample)[:1]:
                sure = 100 * (1 - float(columns[CONFIDENCE][one]))
                mine += [{"figure": name, "panel": stage(at), "x": sure} for name in ("confidence", "reliability")]
                answered = doubt <= doubt[one]
                if at == chosen:
                    risk = {"x": 100 * float(answered.mean()), "y": 100 * float(wrong[answered].mean())}
                    mine.append({"figure": "risk_coverage", "panel": "", **risk})
    return found


def _stage(run: Run, where: Mapping[str, Any]) -> float | None:
    """The radius that was chosen; None for clean images."""
    names = {stage(each): each for each in run.settings.radii}
    return names.get(str(where.get("on", ""))) or names.get(stage(where.get("radius")))


def _spans(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """Where it stands in the order of clean confidence, which is that of every radius."""
    found: list[list[Place]] = [[] for _ in rows]
    for at in sorted(float(each) for each in run.table("records").distinct("radius")):
        table = run.table("records").read(("sample", "clean"), radius=at)
        sample, clean = (table.column(name).to_numpy() for name in ("sample", "clean"))
        order = sample[np.argsort(clean, kind="stable")]
        for row, mine in zip(rows, found, strict=True):
            for one in np.flatnonzero(order == row.sample):
                mine.append({"figure": "span", "panel": stage(at), "x": 100 * (float(one) + 0.5) / len(order)})
    return found


def _encoded(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """Its code, on every map of the plane."""
    samples = np.unique(run.table("images").read(("sample",)).column("sample").to_numpy())
    codes = read_plane(run).encoded
    names = ["plane", "confident", *(f"map_{name}" for each in run.about["victims"] for name in each["measures"])]
    return [
        [
            {"figure": name, "panel": "", "x": float(codes[at, 0]), "y": float(codes[at, 1])}
            for name in dict.fromkeys(names)
            for at in np.flatnonzero(samples == row.sample)
        ]
        for row in rows
    ]


def _spread(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """Both of its points, before every victim."""
    found: list[list[Place]] = [[] for _ in rows]
    for panel, _, which, columns in spreads(run):
        for row, mine in zip(rows, found, strict=True):
            for one in np.flatnonzero((columns["sample"] == row.sample) & (which == row.data)):
                x, both = float(columns["information"][one]), (columns["variance"][one], columns["limit"][one])
                mine += [{"figure": "spread", "panel": panel, "x": x, "y": float(y)} for y in both if min(x, y) > 0]
    return found


def _foreign(run: Run, rows: Sequence[Row], where: Mapping[str, Any]) -> list[list[Place]]:
    """Its confidence before every victim, as it came."""
    found: list[list[Place]] = [[] for _ in rows]
    for panel, victim, which in detectors.panels(run):
        for row, mine in zip(rows, found, strict=True):
            if row.data in (0, which):
                own = {"victim": victim, "judge": victim, "data": row.data, "attack": "", "sample": row.sample}
                doubts = run.table("records").read((CONFIDENCE,), **own).column(CONFIDENCE).to_numpy()
                mine += [{"figure": "confidence", "panel": panel, "x": 100 * (1 - float(each))} for each in doubts[:1]]
    return found


KNOWN: Final[Mapping[str, Callable[[Run, Sequence[Row], Mapping[str, Any]], list[list[Place]]]]] = {
    "audit": _judged,
    "span": _spans,
    "latent": _encoded,
    "spread": _spread,
    "ood": _foreign,
    "interpolate": blends.places,
}
