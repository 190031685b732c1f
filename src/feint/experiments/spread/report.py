"""The report of both approximations: against the real thing, as ranks, by size, and as the draws come together."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from feint.experiments.about import Summary, between, tabled, told
from feint.experiments.glossary import chosen
from feint.reports import Column, Figure, Panel, Report, Table, charts, formats
from feint.runs.run import Run
from feint.runs.work import Array

from .summary import read_spread

NAMES: Final = {"variance": "sum of variances", "limit": "half the sum of variance / mean"}
COLOURS: Final = {"variance": charts.ATTACKED[1], "limit": charts.CLEAN}
_BRIEF: Final = {"variance": "sum of variances", "limit": "½ sum of variance / mean"}
TERMS = ("Entropy", "Mutual information", "Sum of variances", "Half the sum of variance / mean", "Spearman, Kendall")


def headline(summary: Summary) -> str:
    """The finding in one sentence."""
    rows = summary["spreads"]
    ranks = [" and ".join(f"{row['spearman'][name]['estimate']:.3f}" for name in NAMES) for row in rows]
    found = [f"{row['victim']} on {row['data']} {each}" for row, each in zip(rows, ranks, strict=True)]
    return (
        "Rank correlation (Spearman) of mutual information with the sum of softmax variances and with its "
        f"small-spread limit: {'; '.join(found)}."
    )


def report(run: Run, summary: Summary) -> Report:
    """What both approximations tell a person."""
    sections = {
        "Two approximations against the real thing": _scatter(run, summary),
        "By the size of the mutual information": _decades(summary),
        "Do they rank images alike?": _ranks(summary),
        "As the spread shrinks": _closer(summary),
    }
    title = "feint spread: softmax variance against mutual information"
    return told(run, summary, headline(summary), sections, title=title, glossary=chosen(*TERMS))


def _scatter(run: Run, summary: Summary) -> Figure:
    """A panel for each victim and set of images, all on the same axes; what is 0 has no place on them."""
    names, about = ("information", *NAMES), run.about
    pairs = [(at, which) for at in range(len(about["victims"])) for which in range(len(about["data"]))]
    shown: list[dict[str, Array]] = []
    for at, which in pairs:
        found = read_spread(run, at, which, names)
        positive = np.all([values > 0 for values in found.values()], axis=0)
        shown.append({name: values[positive] for name, values in found.items()})
    look: dict[str, Any] = {"x_title": "mutual information (nats)", "y_title": "approximation (nats)", "log": True}
    look["domain"] = _ends([values for each in shown for values in each.values()])
    look["x_domain"] = _ends([each["information"] for each in shown])
    panels: list[Panel] = []
    for each, row in zip(shown, summary["spreads"], strict=True):
        clouds = [charts.Cloud(name, each["information"], each[key], COLOURS[key]) for key, name in NAMES.items()]
        panels.append(charts.scatter(clouds, **look, title=f"{row['victim']} on {row['data']}"))
    title = "Softmax variance against mutual information, one point per image"
    alt = "Both approximations against mutual information, for each victim and set of images."
    return Figure.of("spread", title, alt, panels)


def _ends(values: Sequence[Array]) -> tuple[float, float]:
    """From where to where numbers above 0 go."""
    found = np.concatenate(values) if values else np.empty(0)
    return (max(float(found.min()), 1e-16), float(found.max())) if len(found) else (1e-16, 1.0)


def _rows(summary: Summary, name: str) -> list[dict[str, Any]]:
    """What the summary lists of every victim and set of images."""
    return [{**found, **row} for found in summary["spreads"] for row in found[name]]


def _decades(summary: Summary) -> Table:
    unit, write = "÷ information, median", formats.significant(1)
    digits = {"variance": formats.measured(3), "limit": formats.measured(4)}
    said = {"size": Column("mutual information", "nats"), "images": Column("images", format=formats.count)}
    said |= {f"{name}_ratio": Column(head, unit, digits[name]) for name, head in _BRIEF.items()}
    rows = [{**row, "size": f"{write(row['from'])} to {write(row['to'])}"} for row in _rows(summary, "decades")]
    return tabled("decades", "victim data", said, rows, "Median ratio by the size of the mutual information")


def _ranks(summary: Summary) -> Table:
    digits = formats.fixed(4)
    said = {"name": Column("approximation"), "spearman": Column("Spearman", "95 % interval")}
    said["kendall"] = Column("Kendall", format=digits)
    rows = [
        {**found, "name": NAMES[name], "spearman": between(digits, interval), "kendall": found["kendall"][name]}
        for found in summary["spreads"]
        for name, interval in found["spearman"].items()
    ]
    return tabled("ranks", "victim data images", said, rows, "Rank correlation with mutual information")


def _closer(summary: Summary) -> Table:
    unit, number = "÷ information, median (5 % to 95 %)", formats.measured(4)
    ratios = {f"{name}_ratio": Column(head, unit) for name, head in _BRIEF.items()}
    said = {"factor": Column("draws moved to", "of their distance from the mean"), **ratios}
    rows = [
        {**row, "factor": f"{row['factor']:g}"}
        | {name: between(number, {**row[name], "estimate": row[name]["median"]}) for name in ratios}
        for row in _rows(summary, "drawn_together")
    ]
    return tabled("drawn_together", "victim data", said, rows, "Ratio as the draws are moved together")
