"""The figures of a run on foreign inputs: reject rates, ROC curves, histograms of confidence, pictures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from feint import metrics
from feint.experiments.pictures import before_and_after, label, named
from feint.reports import Figure, Panel, Picture, Pictures, charts
from feint.reports.formats import percent, radius
from feint.runs.run import Run
from feint.runs.work import Array

from .records import DOMAIN
from .scores import Rows

Stage = tuple[float | None, Rows]


def _panels(summary: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Victim, set of foreign images, and a title for each."""
    several = len(summary["foreign"]) > 1
    return [
        (at, which, f"{victim['name']}, {data}" if several else victim["name"])
        for at, victim in enumerate(summary["victims"])
        for which, data in enumerate(summary["foreign"], start=1)
    ]


def _first(run: Run) -> tuple[str, tuple[float, ...]]:
    """The attack on foreign images that figures show: the first that there is."""
    for word in run.settings.attacks:
        if word.goal in (None, "accept"):
            return word.title, word.radii
    return "", ()


def reject_rates(summary: Mapping[str, Any]) -> Figure:
    """The reject rate of foreign images against the confidence that is asked for, clean and attacked."""
    panels: list[Panel] = []
    for at, which, head in _panels(summary):
        name, data = summary["victims"][at]["name"], summary["foreign"][which - 1]
        rows = [row for row in summary["rows"] if (row["victim"], row["judge"], row["data"]) == (name, name, data)]
        attacks = list(dict.fromkeys(row["attack"] for row in rows if row["attack"]))[:1]
        rows = [row for row in rows if row["attack"] in ("", *attacks)]
        drawn = [
            charts.Line(charts.stage(row["radius"]), 100 * np.array(row["reject"]), shade)
            for row, shade in zip(rows, charts.by_radius([row["radius"] for row in rows]), strict=True)
        ]
        look: dict[str, Any] = {"x_domain": (0, 100), "y_domain": (0, 100), "dots": True, "height": 230, "title": head}
        taus = 100 * np.array(summary["taus"])
        panels.append(charts.lines(taus, drawn, x_title="confidence asked for (%)", y_title="rejected (%)", **look))
    alt = f"Reject rates of foreign images. {'; '.join(panel.title for panel in panels)}."
    return Figure.of("reject-rates", "How much is rejected", alt, panels)


def _stages(run: Run, at: int, which: int) -> Iterator[Stage]:
    """The records of foreign images as they come, and under the first attack at every radius."""
    where = {"victim": at, "judge": at, "data": which}
    yield None, Rows(run.table("records").read(**where, attack=""))
    attack, radii = _first(run)
    for each in radii:
        yield each, Rows(run.table("records").read(**where, attack=attack, radius=each))


def curves(run: Run, summary: Mapping[str, Any]) -> Figure:
    """ROC curves of the measure that flags, clean and at every radius."""
    panels: list[tuple[str, list[charts.Detector]]] = []
    radii = (None, *_first(run)[1])
    colours = {charts.stage(at): shade for at, shade in zip(radii, charts.by_radius(radii), strict=True)}
    for at, which, head in _panels(summary):
        name = summary["victims"][at]["measure"]
        own = Rows(run.table("records").read(victim=at, judge=at, data=DOMAIN, attack="")).uncertainty(name)
        found: list[charts.Detector] = []
        for each, rows in _stages(run, at, which):
            scores = torch.cat([own, rows.uncertainty(name)])
            positives = torch.arange(len(scores)) >= len(own)
            curve, area = metrics.roc(scores, positives), metrics.auroc(scores, positives)
            across, up = curve.false_positive_rate.numpy(), curve.true_positive_rate.numpy()
            found.append(charts.Detector(charts.stage(each), across, up, area))
        panels.append((head, found))
    return charts.detection("roc", panels, name="roc", title="Foreign images told from in-domain ones", colours=colours)


def confidence(run: Run, summary: Mapping[str, Any]) -> Figure:
    """Histograms of confidence: in-domain, foreign, and foreign at the largest radius."""
    panels: list[Panel] = []
    for at, which, head in _panels(summary):
        stages = list(_stages(run, at, which))
        own = Rows(run.table("records").read(victim=at, judge=at, data=DOMAIN, attack=""))
        samples = [
            charts.Sample("in-domain", _sure(own), charts.REFERENCE),
            charts.Sample("foreign", _sure(stages[0][1]), charts.CLEAN),
        ]
        if len(stages) > 1:
            last, rows = stages[-1]
            shade = charts.by_radius([each for each, _ in stages])[-1]
            samples.append(charts.Sample(f"foreign, {charts.stage(last)}", _sure(rows), shade, True))
        look: dict[str, Any] = {"bins": 25, "title": head}
        panels.append(charts.histograms(samples, x_title="confidence (%)", y_title="share of its kind (%)", **look))
    alt = f"Histograms of confidence. {'; '.join(panel.title for panel in panels)}."
    return Figure.of("confidence", "Confidence", alt, panels)


def _sure(rows: Rows) -> Array:
    return 100 * (1 - rows.uncertainty("max_probability").numpy())


def gallery(found: Mapping[str, Array], classes: Sequence[str], victims: Sequence[str]) -> Pictures:
    """Foreign images before the attack, what was added, and after."""
    items: list[Picture] = []
    share = percent(1)
    for at, sample in enumerate(found["sample"]):
        row: dict[str, Any] = {name: values[at] for name, values in found.items()}
        was, now = (label(classes, int(row[name])) for name in ("clean_prediction", "prediction"))
        images, labels = before_and_after(row["original"], row["attacked"])
        title = f"{victims[int(row['victim'])]}: {named(found, at, int(sample))}, radius {radius(float(row['radius']))}"
        said = f"taken for {was}" + (f", then for {now}" if now != was else ", before and after")
        moved = f"confidence {share(float(row['before']))} % → {share(float(row['after']))} %"
        items.append(Picture(images, labels, title, (said, moved)))
    return Pictures("gallery", "Before, what was added, after", tuple(items))
