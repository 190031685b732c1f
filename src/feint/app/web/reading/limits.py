"""A threshold tried on a run's records: what a detector flags, or what a classifier still answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import torch

from feint import metrics
from feint.errors import SpecError
from feint.experiments.detection.records import Noise, Records
from feint.experiments.detection.scores import duel
from feint.experiments.out_domain.records import DOMAIN
from feint.reports import Panel, charts
from feint.reports.charts.inline import layer, rule
from feint.reports.formats import percent, radius, significant
from feint.runs.run import Run
from feint.victims.records import MEASURE

from .runs import Reader, judging, opened

VALUES, CURVE = "threshold-values", "threshold-curve"
"""Figures on which a threshold is tried."""
Where = Mapping[str, Any]
"""Which records: column -> value."""
LIKE: Final = {"audit": "audit", "detect": "detect", "smith-gal-table-1": "detect", "ood": "ood"}
"""Experiments whose records say what a threshold does, and which of three kinds these are."""


@final
@dataclass(frozen=True, eq=False)
class Inputs:
    """What a threshold is tried on.

    Attributes:
        values: of the measure.
        marked: whether each is what a threshold is to find.
        samples: its index in its data set.
        labels: its class; -1 for a foreign one.
        data: 0 for the run's own data, 1 and up for foreign ones.
        moved: whether the records speak of each after an attack.
    """

    values: Any
    marked: Any
    samples: Any
    labels: Any
    data: Any
    moved: Any


@final
@dataclass(frozen=True)
class Told:
    """What an experiment calls the two kinds of inputs that a threshold tells apart.

    Attributes:
        negative: what lies below a good threshold.
        positive: what lies above it.
    """

    negative: str
    positive: str


TOLD: Final = {
    "audit": Told("correct answers", "wrong answers"),
    "detect": Told("clean and noisy inputs", "attacked inputs"),
    "ood": Told("in-domain images", "foreign images"),
}


def choices(kept: Reader, path: Path) -> dict[str, list[str]]:
    """What a threshold can be tried on: sets of inputs, and measures; nothing of other runs."""
    run, complete = opened(path)
    if not complete or run.experiment.name not in LIKE:
        return {}
    return {"on": list(places(run)), "measure": _measures(run)}


def tried(kept: Reader, path: Path, on: str, measure: str, share: float) -> dict[str, Any]:
    """A threshold.

    Args:
        kept: nothing.
        path: the run's folder.
        on: which inputs, as `choices` calls them.
        measure: the uncertainty that is compared.
        share: of all inputs that lie below the threshold, 0 to 1.

    Returns:
        ``told``, what it does in words, the ``limit`` itself, ``panels``, the values with the threshold among them and
        the curve with its point on it, by name, and the ``kinds`` that it tells apart.

    Raises:
        SpecError: something else than `choices` offers.
    """
    run, _ = opened(path)
    found = inputs(run, on, measure)
    values, marked = found.values, found.marked
    limit = float(np.quantile(values, min(max(share, 0.0), 1.0), method="lower"))
    names = told(run)
    samples = [
        charts.Sample(names.negative, values[~marked], charts.CLEAN),
        charts.Sample(names.positive, values[marked], charts.WRONG),
    ]
    samples = [each for each in samples if len(each.values)]
    head = measure.replace("_", " ")
    panel = charts.histograms(samples, x_title=head, y_title="% of its kind")
    where = point(run, found, limit)
    curve, said = (_risk if LIKE[run.experiment.name] == "audit" else _found)(found, limit, where, head, names)
    return {
        "told": said,
        "limit": limit,
        "panels": {VALUES: _with(panel, rule(limit, {"strokeWidth": 2}, "x")), CURVE: _with(curve, _point(*where))},
        "kinds": (names.negative, names.positive),
    }


def point(run: Run, found: Inputs, limit: float) -> tuple[float, float]:
    """Where a threshold stands on the curve of all: coverage and risk, or what is flagged wrongly and rightly."""
    below = found.values <= limit
    if LIKE[run.experiment.name] == "audit":
        return float(below.mean()), float(found.marked[below].mean())
    return float((~below)[~found.marked].mean()), float((~below)[found.marked].mean())


def told(run: Run) -> Told:
    """What its two kinds of inputs are called."""
    return TOLD[LIKE[run.experiment.name]]


def inputs(run: Run, on: str, measure: str, *, changed: bool = False, noise: Noise = "noise") -> Inputs:
    """What a threshold is tried on; of attacked inputs all, or those whose label changed, against one kind of noise.

    Raises:
        SpecError: something else than `choices` offers.
    """
    kind = LIKE.get(run.experiment.name)
    known: dict[str, Any] = {"on": places(run), "measure": _measures(run)} if kind else {}
    for name, said in (("on", on), ("measure", measure)):
        if said not in known.get(name, ()):
            raise SpecError(f"{name}: expected one of {', '.join(known.get(name, ())) or 'none'}, got {said[:100]!r}")
    where = known["on"][on]
    if kind == "detect":
        return _flagged(run, where, measure, noise, changed=changed)
    return (_answered if kind == "audit" else _foreign)(run, where, measure)


def places(run: Run) -> dict[str, Where]:
    """Sets of inputs by what they are called."""
    if LIKE[run.experiment.name] == "audit":
        attacked = {f"radius {radius(each)}": {"variant": "attacked", "radius": each} for each in run.settings.radii}
        return {"clean": {"variant": "clean"}, **attacked}
    found: dict[str, Where] = {}
    for at, name in enumerate(victims(run)):
        if LIKE[run.experiment.name] == "detect":
            for attack, far in Records.of(run.table("records"), at).attacks:
                found[f"{name}: {attack}, radius {radius(far)}"] = {"victim": at, "attack": attack, "radius": far}
            continue
        for which, data in enumerate(run.about["foreign"], start=1):
            own: dict[str, Any] = {"victim": at, "judge": at, "data": which}
            found[f"{name}: {data}"] = {**own, "attack": ""}
            for word in run.settings.attacks:
                if word.goal in (None, "accept"):
                    for far in word.radii:
                        place = {**own, "attack": word.title, "radius": far}
                        found[f"{name}: {data}, {word.title}, radius {radius(far)}"] = place
    return found


def victims(run: Run) -> list[str]:
    """Their names."""
    return [str(each["name"]) if isinstance(each, Mapping) else str(each) for each in run.about["victims"]]  # pyright: ignore


def _measures(run: Run) -> list[str]:
    """Those that somebody has, first what the run itself goes by."""
    records = run.table("records")
    names = [name for name in records.names if name.startswith(MEASURE)]
    had: set[str] = set()
    for where in [{"victim": at} for at in range(len(victims(run)))] if "victim" in records.names else [{}]:
        first = next((piece for piece in records.batches(names, **where) if piece.num_rows), None)
        had |= {name for name in names if first is not None and first.column(name).null_count < first.num_rows}
    own = MEASURE + str(getattr(run.settings, "measure", None) or "")
    return [name.removeprefix(MEASURE) for name in sorted(had, key=lambda each: (each != own, names.index(each)))]


def _answered(run: Run, where: Where, measure: str) -> Inputs:
    """Whether each answer is wrong; of a victim that draws, in every fresh set."""
    wanted = (MEASURE + measure, "prediction", "label", "sample")
    table = run.table("records").read(wanted, repeat=judging(run, **where), **where)
    values, prediction, label, sample = (table.column(name).to_numpy() for name in wanted)
    moved = np.full(len(label), where["variant"] == "attacked")
    return Inputs(values, prediction != label, sample, label, np.zeros_like(label), moved)


def _flagged(run: Run, where: Where, measure: str, noise: Noise, *, changed: bool) -> Inputs:
    """Whether each input is attacked."""
    records = Records.of(run.table("records"), where["victim"])
    found = duel(records, where["attack"], where["radius"], measure, noise, changed=changed)
    if found is None:
        raise _lacks(measure)
    known, first = np.unique(records["sample"], return_index=True)  # every image is among the clean ones
    images = found.images.numpy()
    labels = records["label"][first][images]
    marked = found.positives.numpy()
    return Inputs(found.scores.numpy(), marked, known[images], labels, np.zeros_like(labels), marked)


def _foreign(run: Run, where: Where, measure: str) -> Inputs:
    """Whether each image is foreign."""
    own = {"victim": where["victim"], "judge": where["judge"], "data": DOMAIN, "attack": ""}
    columns = (MEASURE + measure, "sample", "label", "data")
    tables = [run.table("records").read(columns, **each) for each in (own, where)]
    values, sample, label, data = (
        np.concatenate([table.column(name).to_numpy() for table in tables]) for name in columns
    )
    if np.isnan(values).any():
        raise _lacks(measure)
    labels = np.where(np.isnan(label), -1, label).astype(np.int64)
    foreign = data != DOMAIN
    return Inputs(values, foreign, sample, labels, data, foreign & bool(where["attack"]))


def _lacks(measure: str) -> SpecError:
    return SpecError(f"measure: expected one that the victim has, got {measure}")


def _risk(found: Inputs, limit: float, where: tuple[float, float], head: str, names: Told) -> tuple[Panel, str]:
    """The risk-coverage curve, and what a threshold does."""
    curve = metrics.risk_coverage(torch.tensor(found.values), torch.tensor(found.marked))
    line = charts.Line("risk (%)", 100 * curve.risk.numpy(), charts.CLEAN)
    panel = charts.lines(
        100 * curve.coverage.numpy(), [line], x_title="coverage (%)", y_title="risk (%)", x_domain=(0, 100), height=300
    )
    coverage, risk = where
    told = (
        f"Answering where {head} is at most {significant(3)(limit)}: {percent(1)(coverage)} % "
        f"of images are answered (coverage), {percent(1)(risk)} % of those answers are wrong (risk)."
    )
    return panel, told


def _found(found: Inputs, limit: float, where: tuple[float, float], head: str, names: Told) -> tuple[Panel, str]:
    """The ROC curve, and what a threshold does."""
    scores, marks = torch.tensor(found.values), torch.tensor(found.marked)
    curve, area = metrics.roc(scores, marks), metrics.auroc(scores, marks)
    across, up = curve.false_positive_rate.numpy(), curve.true_positive_rate.numpy()
    panel = charts.detection("roc", [("", [charts.Detector(head, across, up, area)])]).panels[0]
    false, true = where
    told = (
        f"Flagging what lies above {significant(3)(limit)}: {percent(1)(true)} % of {names.positive} "
        f"are found, and {percent(1)(false)} % of {names.negative} are flagged too; AUROC {area:.3f}."
    )
    return panel, told


def _point(x: float, y: float) -> dict[str, Any]:
    """A mark at two shares, in percent."""
    look = {"filled": True, "size": 110, "opacity": 1}
    return layer("point", look, rest={"data": {"values": [{}]}}, x={"datum": 100 * x}, y={"datum": 100 * y})


def _with(panel: Panel, more: Mapping[str, Any]) -> Panel:
    return replace(panel, chart={**panel.chart, "layer": [*panel.chart["layer"], more]})
