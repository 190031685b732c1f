"""The report of blends: histograms half-way, areas under ROC curves, and what happens along the way."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from feint.experiments.terms import TERMS, title
from feint.reports import (
    Block,
    Column,
    Command,
    Facts,
    Figure,
    Panel,
    Picture,
    Pictures,
    Report,
    Section,
    Table,
    Text,
    charts,
    formats,
)
from feint.runs.run import Run

from .pairs import KINDS
from .settings import InterpolationSettings
from .summary import read_blends

COLOURS: Final = {"latent": charts.CLEAN, "pixel": charts.ATTACKED[1], "reconstruction": charts.ATTACKED[0]}
MEASURES: Final = ("predictive_entropy", "mutual_information")
_LEGEND: Final = tuple(charts.Line(name, np.empty(0), COLOURS[kind]).mark for kind, name in KINDS.items())


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    found = [
        f"{victim['name']} {scores['mutual_information']['estimate']:.3f} against "
        f"{scores['predictive_entropy']['estimate']:.3f}"
        for victim in summary["victims"]
        if "mutual_information" in (scores := victim["auroc"]["pixel"])
    ]
    if not found:
        return "Mutual information is not applicable: no victim has more than one draw."
    return f"AUROC by which mutual information and entropy tell pixel blends from latent blends: {'; '.join(found)}."


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What the blends tell a person."""
    settings: InterpolationSettings = run.settings
    names = [victim["name"] for victim in run.about["victims"]]
    facts = {
        "data": f"{run.about['data']}, {run.about['images']} images",
        "autoencoder": settings.autoencoder.name,
        "pairs": f"{settings.pairs} of different classes; {min(settings.paths, settings.pairs)} along the way",
        "victims": ", ".join(names),
        **run.facts,
    }
    return Report(
        title=f"feint interpolate: {settings.autoencoder.name} on {run.about['data']}",
        headline=headline(summary),
        sections=(
            Section("Half-way", _halves(run, summary)),
            Section("Which measure tells pixel blends from latent blends?", _detection(summary)),
            Section("Along the way", (*_strips(run), *(_path(run, which, name) for which, name in enumerate(names)))),
            Section("How it was made", (Facts(facts), *([Command(run.command)] if run.command else []))),
        ),
        glossary={
            **TERMS,
            "Latent blend": "Both images encoded, the point between their codes decoded.",
            "Pixel blend": "The mean of the two images, pixel by pixel; of the reconstructions: of what the "
            "autoencoder makes of them, so that both kinds of blend begin and end in the same images.",
            "AUROC": "The chance that a pixel blend has a larger value than a latent one: 1 tells them apart, "
            "½ does not.",
        },
    )


def _halves(run: Run, summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """Histograms half-way: of entropy and of mutual information, where there is some, victim by victim."""
    panels: list[Panel] = []
    for which, victim in enumerate(summary["victims"]):
        halves = read_blends(run, which, "halves")
        for name in MEASURES:
            if name not in halves["latent"]:
                continue
            found = victim["auroc"]["pixel"][name]
            interval = formats.fixed(3).interval(found["low"], found["estimate"], found["high"])
            samples = [
                charts.Sample(said, halves[kind][name], COLOURS[kind], outlined=kind == "reconstruction")
                for kind, said in KINDS.items()
            ]
            across = f"{title(name)} (nats)"
            panels.append(
                charts.histograms(
                    samples, x_title=across, y_title="% of pairs", title=f"{victim['name']}: AUROC {interval}"
                )
            )
    return (
        Text.of(
            "Both kinds of blend stand between two classes, but a latent blend is an image that the decoder might "
            "well have seen, and a pixel blend is two images on top of each other. A measure that tells them apart has "
            "its histograms apart."
        ),
        Figure(
            "halves",
            f"Half-way between {summary['pairs']:,} pairs of different classes",
            "Histograms of entropy and mutual information half-way, by kind of blend.",
            tuple(panels),
            legend=tuple(
                charts.Sample(name, np.empty(0), COLOURS[kind], outlined=kind == "reconstruction").mark
                for kind, name in KINDS.items()
            ),
        ),
    )


def _detection(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """The AUROC of every measure."""

    def cell(found: Mapping[str, float]) -> str:
        return formats.fixed(3).interval(found["low"], found["estimate"], found["high"])

    rows: list[tuple[str, ...]] = []
    for victim in summary["victims"]:
        found, more = victim["auroc"], victim["information_less_entropy"]
        rows += [(victim["name"], title(name), *(cell(found[kind][name]) for kind in found)) for name in found["pixel"]]
        if more:
            rows.append((victim["name"], "information less entropy", *(cell(more[kind]) for kind in more)))
    unit = "95 % interval"
    heads = (Column("victim"), Column("measure"), Column("AUROC of pixel blends", unit))
    table = Table(
        "auroc",
        (*heads, Column("of reconstructions' blends", unit)),
        tuple(rows),
        f"{summary['pairs']:,} pairs of different classes, blended half-way",
        terminal=True,
    )
    return (
        Text.of(
            "Each pair gives one blend of each kind; intervals are from pairs drawn with replacement. The last row of "
            "a victim is how much better mutual information does than entropy."
        ),
        table,
    )


def _strips(run: Run) -> tuple[Block, ...]:
    strips = run.arrays("strips")
    return (
        Text.of(
            "The pictures show one pair blended step by step; the curves are medians and quartiles over many pairs."
        ),
        Pictures(
            "strips",
            "One pair, from its first image to its second",
            tuple(Picture(tuple(strips[kind]), title=name) for kind, name in KINDS.items()),
            layout="strip",
        ),
    )


def _path(run: Run, which: int, name: str) -> Figure:
    """A victim's measures along the way."""
    paths = read_blends(run, which, "paths")
    steps = np.linspace(0, 1, run.settings.steps)
    panels: list[Panel] = []
    for measure in (measure for measure in MEASURES if measure in paths["latent"]):
        series: list[charts.Line] = []
        for kind, said in KINDS.items():
            low, middle, high = np.quantile(paths[kind][measure], [0.25, 0.5, 0.75], axis=0)
            series.append(charts.Line(said, middle, COLOURS[kind], band=(low, high)))
        panels.append(
            charts.lines(
                steps,
                series,
                x_title="way from the first image to the second",
                y_title=f"{title(measure)} (nats)",
                x_domain=(0.0, 1.0),
                title=title(measure),
            )
        )
    pairs = len(paths["latent"]["predictive_entropy"])
    head = f"{name}: between two images (median and quartiles of {pairs} pairs)"
    return Figure(f"path_{which}", head, f"Measures along the way, {name}.", tuple(panels), legend=_LEGEND)
