"""The report of both approximations: against the real thing, as ranks, by size, and as the draws come together."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from feint.experiments.terms import TERMS
from feint.reports import (
    Block,
    Column,
    Command,
    Facts,
    Figure,
    Mark,
    Panel,
    Report,
    Section,
    Table,
    Text,
    charts,
    formats,
)
from feint.runs.run import Run
from feint.runs.work import Array

from .summary import read_spread

NAMES: Final = {"variance": "sum of variances", "limit": "half the sum of variance / mean"}
COLOURS: Final = {"variance": charts.ATTACKED[1], "limit": charts.CLEAN}
_WHOM: Final = (Column("victim"), Column("data"))
_BRIEF: Final = {"variance": "sum of variances", "limit": "½ sum of variance / mean"}


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    found = [
        f"{row['victim']} on {row['data']} {row['spearman']['variance']['estimate']:.3f} and "
        f"{row['spearman']['limit']['estimate']:.3f}"
        for row in summary["spreads"]
    ]
    return (
        "Rank correlation (Spearman) of mutual information with the sum of softmax variances and with its "
        f"small-spread limit: {'; '.join(found)}."
    )


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What both approximations tell a person."""
    facts = {"data": ", ".join(run.about["data"]), "victims": ", ".join(run.about["victims"]), **run.facts}
    return Report(
        title="feint spread: softmax variance against mutual information",
        headline=headline(summary),
        sections=(
            Section("Two approximations against the real thing", _scatter(run, summary)),
            Section("By the size of the mutual information", _decades(summary)),
            Section("Do they rank images alike?", _ranks(summary)),
            Section("As the spread shrinks", _closer(summary)),
            Section("How it was made", (Facts(facts), *([Command(run.command)] if run.command else []))),
        ),
        glossary={
            **TERMS,
            "Sum of variances": "Over classes, of the variance over draws of a class's probability: C times the "
            "softmax variance. What is left of mutual information where the logarithm is expanded about 1.",
            "Half the sum of variance / mean": "What mutual information tends to where the draws lie close together.",
            "Spearman, Kendall": "How much of the order is the same: 1 all of it, 0 nothing, −1 turned around.",
        },
    )


def _scatter(run: Run, summary: Mapping[str, Any]) -> tuple[Block, ...]:
    """A panel for each victim and set of images, all on the same axes; what is 0 has no place on them."""
    names = ("information", *NAMES)
    found = [
        read_spread(run, at, which, names)
        for at in range(len(run.about["victims"]))
        for which in range(len(run.about["data"]))
    ]
    shown = [{name: values[_positive(each)] for name, values in each.items()} for each in found]
    everything = [values for each in shown for values in each.values()]
    domain, across = _ends(everything), _ends([each["information"] for each in shown])
    panels = tuple(
        _panel(each, domain, across, f"{row['victim']} on {row['data']}")
        for each, row in zip(shown, summary["spreads"], strict=True)
    )
    marks = tuple(Mark(name, COLOURS[key], "point") for key, name in NAMES.items())
    return (
        Text.of(
            "One point per image and approximation, both axes logarithmic. On the dashed line an approximation is "
            "exact."
        ),
        Figure(
            "spread",
            "Softmax variance against mutual information, one point per image",
            "Both approximations against mutual information, for each victim and set of images.",
            panels,
            legend=(*marks, Mark("equal", charts.REFERENCE, "dash")),
        ),
    )


def _positive(found: Mapping[str, Array]) -> Array:
    information, variance, limit = (found[name] > 0 for name in ("information", *NAMES))
    return information & variance & limit


def _ends(values: Sequence[Array]) -> tuple[float, float]:
    """From where to where numbers above 0 go."""
    found = np.concatenate(values) if values else np.empty(0)
    return (max(float(found.min()), 1e-16), float(found.max())) if len(found) else (1e-16, 1.0)


def _panel(found: Mapping[str, Array], domain: tuple[float, float], across: tuple[float, float], title: str) -> Panel:
    clouds = [charts.Cloud(name, found["information"], found[key], COLOURS[key]) for key, name in NAMES.items()]
    return charts.scatter(
        clouds,
        x_title="mutual information (nats)",
        y_title="approximation (nats)",
        domain=domain,
        x_domain=across,
        log=True,
        title=title,
    )


def _decades(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    unit = "÷ information, median"
    rows = tuple(
        (
            found["victim"],
            found["data"],
            f"{row['from']:.0e} to {row['to']:.0e}",
            row["images"],
            row["variance_ratio"],
            row["limit_ratio"],
        )
        for found in summary["spreads"]
        for row in found["decades"]
    )
    table = Table(
        "decades",
        (
            *_WHOM,
            Column("mutual information", "nats"),
            Column("images", format=formats.count),
            Column(_BRIEF["variance"], unit, formats.significant(3)),
            Column(_BRIEF["limit"], unit, formats.significant(4)),
        ),
        rows,
        "Median ratio by the size of the mutual information",
        terminal=True,
    )
    return Text.of("The approximation over the mutual information: 1 where it is exact."), table


def _ranks(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    digits = formats.fixed(4)
    rows = tuple(
        (
            found["victim"],
            found["data"],
            found["images"],
            NAMES[name],
            digits.interval(interval["low"], interval["estimate"], interval["high"]),
            found["kendall"][name],
        )
        for found in summary["spreads"]
        for name, interval in found["spearman"].items()
    )
    table = Table(
        "ranks",
        (
            *_WHOM,
            Column("images", format=formats.count),
            Column("approximation"),
            Column("Spearman", "95 % interval"),
            Column("Kendall", format=digits),
        ),
        rows,
        "Rank correlation with mutual information",
        terminal=True,
    )
    return Text.of("Rank correlation with mutual information: a detector only needs the order."), table


def _closer(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    unit = "÷ information, median (5 % to 95 %)"
    number = formats.significant(4)

    def cell(ratio: Mapping[str, float]) -> str:
        return number.interval(ratio["low"], ratio["median"], ratio["high"])

    rows = tuple(
        (
            found["victim"],
            found["data"],
            f"{row['factor']:g}",
            cell(row["variance_ratio"]),
            cell(row["limit_ratio"]),
        )
        for found in summary["spreads"]
        for row in found["drawn_together"]
    )
    columns = (
        *_WHOM,
        Column("draws moved to", "of their distance from the mean"),
        Column(_BRIEF["variance"], unit),
        Column(_BRIEF["limit"], unit),
    )
    table = Table("drawn_together", columns, rows, "Ratio as the draws are moved together", terminal=True)
    return (
        Text.of(
            "Little mutual information does not mean draws that lie close together: they may all be sure, some a "
            "hundred times surer than others. So here the draws of every image are moved towards their mean."
        ),
        table,
    )
